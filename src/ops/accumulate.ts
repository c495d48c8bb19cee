import type { Tensor } from '../tensor/tensor.js';
import { checkLists, listAliases, listRanges, listSpecs } from './multi-tensor.js';
import { apply, elements, type Op } from './op.js';

export interface AccumulateAttrs {
  readonly count: number;
}

/** sum = sum + factor · gradient, for all tensors at once, in place: gradient accumulation. */
export const accumulateOp = {
  name: 'accumulate',

  infer(inputs, { count }) {
    checkLists('accumulate', inputs, count, ['sum', 'gradient'], ['factor']);
    return listSpecs(inputs, count, [0]);
  },

  inPlace: (_, { count }) => listAliases(count, [0]),
  groups: (_, { count }) => listRanges(count, 2),

  cost: (inputs, _, { count }) => ({ flops: 2 * inputs.slice(0, count).reduce((n, x) => n + elements(x), 0) }),
} satisfies Op<AccumulateAttrs>;

/** Returns the new sums. */
export function accumulate(sums: readonly Tensor[], gradients: readonly Tensor[], factor: Tensor): readonly Tensor[] {
  return apply(accumulateOp, [...sums, ...gradients, factor], { count: sums.length });
}
