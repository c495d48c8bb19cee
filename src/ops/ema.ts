import type { Tensor } from '../tensor/tensor.js';
import { checkLists, listAliases, listRanges, listSpecs } from './multi-tensor.js';
import { apply, elements, type Op } from './op.js';

export interface EmaAttrs {
  readonly count: number;
  /** Weight of the new value. */
  readonly momentum: number;
}

/** average = average · (1 - momentum) + momentum · value, for all tensors at once, in place. */
export const emaOp = {
  name: 'ema',

  infer(inputs, { count }) {
    checkLists('ema', inputs, count, ['value', 'average'], []);
    return listSpecs(inputs, count, [1]);
  },

  inPlace: (_, { count }) => listAliases(count, [1]),
  groups: (_, { count }) => listRanges(count, 2),

  cost: (inputs, _, { count }) => ({ flops: 3 * inputs.slice(0, count).reduce((n, x) => n + elements(x), 0) }),
} satisfies Op<EmaAttrs>;

/** Returns the new averages. */
export function ema(values: readonly Tensor[], averages: readonly Tensor[], momentum: number): readonly Tensor[] {
  return apply(emaOp, [...values, ...averages], { count: values.length, momentum });
}
