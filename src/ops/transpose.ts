import { inversePermutation, permute } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface TransposeAttrs {
  /** Axis of x that each axis of y takes. */
  readonly order: readonly number[];
}

/** Permutes the logical axes. */
export const transposeOp = {
  name: 'transpose',

  infer(inputs, { order }) {
    expectCount('transpose', inputs, 1);
    const [{ shape, dtype }] = inputs;
    const isPermutation = order.length === shape.length && shape.every((_, i) => order.includes(i));
    if (!isPermutation) {
      throw new ShapeError(
        `transpose got order [${order}], but [${shape}] needs a permutation of its ${shape.length} axes`,
      );
    }
    return [{ shape: permute(shape, order), dtype }];
  },

  gradient: ({ attrs: { order }, grads: [dy] }) => [transpose(dy!, inversePermutation(order))],

  cost: perElement(0),
} satisfies Op<TransposeAttrs>;

export function transpose(x: Tensor, order: readonly number[]): Tensor {
  return apply(transposeOp, [x], { order })[0];
}
