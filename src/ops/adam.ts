import type { Tensor } from '../tensor/tensor.js';
import { expectLength } from './check.js';
import { checkLists, listAliases, listRanges, listSpecs } from './multi-tensor.js';
import { apply, elements, type Op } from './op.js';

export interface AdamAttrs {
  readonly count: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  /** AdamW: weight decay acts on the parameter, not through the gradient. */
  readonly decoupled: boolean;
  readonly weightDecay: readonly number[];
  readonly lrMultiplier: readonly number[];
  /** Whether the last input is the clipping coefficient. */
  readonly clipped: boolean;
}

/**
 * One update of all parameters, PyTorch's rule: m = β1·m + (1-β1)·g, v = β2·v + (1-β2)·g²,
 * p -= lr / biasCorrection1 · m / (sqrt(v / biasCorrection2) + eps), biasCorrection = 1 - β^t. In place.
 */
export const adamOp = {
  name: 'adam',

  infer(inputs, { count, weightDecay, lrMultiplier, clipped }) {
    const scalars = ['lr', 'biasCorrection1', 'biasCorrection2', ...(clipped ? ['coefficient'] : [])];
    checkLists('adam', inputs, count, ['parameter', 'gradient', 'first moment', 'second moment'], scalars);
    expectLength('adam', 'weightDecay', weightDecay, count);
    expectLength('adam', 'lrMultiplier', lrMultiplier, count);
    return listSpecs(inputs, count, [0, 2, 3]);
  },

  inPlace: (_, { count }) => listAliases(count, [0, 2, 3]),
  groups: (_, { count }) => listRanges(count, 4),

  cost: (inputs, _, { count }) => ({ flops: 14 * inputs.slice(0, count).reduce((n, x) => n + elements(x), 0) }),
} satisfies Op<AdamAttrs>;

export interface AdamOperands {
  readonly parameters: readonly Tensor[];
  readonly gradients: readonly Tensor[];
  readonly firstMoments: readonly Tensor[];
  readonly secondMoments: readonly Tensor[];
  readonly lr: Tensor;
  readonly biasCorrection1: Tensor;
  readonly biasCorrection2: Tensor;
  /** Clipping factor from `globalNorm`. */
  readonly coefficient?: Tensor;
}

export interface AdamResult {
  readonly parameters: readonly Tensor[];
  readonly firstMoments: readonly Tensor[];
  readonly secondMoments: readonly Tensor[];
}

export function adam(operands: AdamOperands, attrs: Omit<AdamAttrs, 'count' | 'clipped'>): AdamResult {
  const { parameters, gradients, firstMoments, secondMoments, coefficient } = operands;
  const count = parameters.length;
  const scalars = [operands.lr, operands.biasCorrection1, operands.biasCorrection2];
  const inputs = [...parameters, ...gradients, ...firstMoments, ...secondMoments, ...scalars];
  if (coefficient) inputs.push(coefficient);
  const outputs = apply(adamOp, inputs, { ...attrs, count, clipped: Boolean(coefficient) });
  return {
    parameters: outputs.slice(0, count),
    firstMoments: outputs.slice(count, 2 * count),
    secondMoments: outputs.slice(2 * count),
  };
}
