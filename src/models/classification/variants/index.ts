import type { ActivationName } from '../../../nn/layers.js';
import { cvnetsFacts } from './cvnets.js';
import { mobilenetv2Variants } from './mobilenetv2.js';
import { mobilevitV2Variants, mobilevitVariants } from './mobilevit.js';
import { resnetVariants } from './resnet.js';

/** Whose network of a name it is. They differ in stem, widths, padding, activation, input and the names of weights. */
export const variantNames = ['cvnets', 'torchvision', 'timm', 'tensorflow'] as const;
export type Variant = (typeof variantNames)[number];

/** How a file of weights names and lays out what this library calls by CVNets' names. */
export interface NameMap {
  /** Their name of our parameter, or undefined when they have none. */
  theirs(name: string): string | undefined;
  /** Where each axis of our tensor comes from in theirs; left out: the same order. */
  axes?(name: string, rank: number): readonly number[] | undefined;
  /** eps of their batch norms, where it is not ours, 1e-5: the difference goes into the variances. */
  readonly eps?: number;
}

/** What shapes and names do not tell, and a network that has it wrong is silently wrong about. */
export interface VariantFacts {
  /** Activation of the published weights. */
  readonly activation: ActivationName;
  /** Mean and deviation of pixels in 0..1 that the network expects; left out: 0 and 1. */
  readonly pixels?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Other names than CVNets', which every variant understands. */
  readonly names: readonly NameMap[];
}

/** Networks with weights from elsewhere; the rest has the variant `cvnets` alone. */
const foreign: Readonly<Record<string, Partial<Record<Variant, VariantFacts>>>> = {
  mobilenetv2: mobilenetv2Variants,
  mobilevit: mobilevitVariants,
  mobilevit_v2: mobilevitV2Variants,
  resnet: resnetVariants,
};

/** The facts about a network's variant, or undefined when there is no such variant. */
export function variantFacts(network: string, variant: Variant): VariantFacts | undefined {
  if (variant === 'cvnets') return cvnetsFacts(network);
  return Object.hasOwn(foreign, network) ? foreign[network][variant] : undefined;
}

export function variantsOf(network: string): Variant[] {
  return variantNames.filter((variant) => variantFacts(network, variant) !== undefined);
}
