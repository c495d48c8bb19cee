import type { Tensor } from '../tensor/tensor.js';
import { expectLength } from './check.js';
import { checkLists, listAliases, listRanges, listSpecs } from './multi-tensor.js';
import { apply, elements, type Op } from './op.js';

export interface SgdAttrs {
  readonly count: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: readonly number[];
  readonly lrMultiplier: readonly number[];
  /** Whether the last input is the clipping coefficient. */
  readonly clipped: boolean;
}

/**
 * One update of all parameters, PyTorch's rule: g = coefficient·grad + weightDecay·p, v = momentum·v + g,
 * p -= lr · (nesterov ? g + momentum·v : v). Parameters and momenta are updated in place.
 */
export const sgdOp = {
  name: 'sgd',

  infer(inputs, { count, weightDecay, lrMultiplier, clipped }) {
    const scalars = clipped ? ['lr', 'coefficient'] : ['lr'];
    checkLists('sgd', inputs, count, ['parameter', 'gradient', 'momentum'], scalars);
    expectLength('sgd', 'weightDecay', weightDecay, count);
    expectLength('sgd', 'lrMultiplier', lrMultiplier, count);
    return listSpecs(inputs, count, [0, 2]);
  },

  inPlace: (_, { count }) => listAliases(count, [0, 2]),
  groups: (_, { count }) => listRanges(count, 3),

  cost: (inputs, _, { count }) => ({ flops: 6 * inputs.slice(0, count).reduce((n, x) => n + elements(x), 0) }),
} satisfies Op<SgdAttrs>;

export interface SgdOperands {
  readonly parameters: readonly Tensor[];
  readonly gradients: readonly Tensor[];
  readonly momenta: readonly Tensor[];
  readonly lr: Tensor;
  /** Clipping factor from `globalNorm`. */
  readonly coefficient?: Tensor;
}

export function sgd(
  { parameters, gradients, momenta, lr, coefficient }: SgdOperands,
  attrs: Omit<SgdAttrs, 'count' | 'clipped'>,
): { parameters: readonly Tensor[]; momenta: readonly Tensor[] } {
  const count = parameters.length;
  const inputs = [...parameters, ...gradients, ...momenta, lr, ...(coefficient ? [coefficient] : [])];
  const outputs = apply(sgdOp, inputs, { ...attrs, count, clipped: Boolean(coefficient) });
  return { parameters: outputs.slice(0, count), momenta: outputs.slice(count) };
}
