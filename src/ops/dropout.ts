import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectDtype, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface DropoutAttrs {
  /** Probability that an element becomes 0. */
  readonly p: number;
  readonly seed: number;
  /** Tells the dropouts of one step apart. */
  readonly stream: number;
}

/**
 * Zeroes elements with probability p and scales the rest by 1 / (1 - p). The random bits are Philox4x32-10 of
 * (seed, stream) and (element, counter), so the backward pass draws the same mask again instead of storing it.
 */
export const dropoutOp = {
  name: 'dropout',

  infer(inputs, { p }) {
    expectCount('dropout', inputs, 2);
    const [x, counter] = inputs;
    expectDtype('dropout', 'x', x, 'f32');
    expectDtype('dropout', 'counter', counter, 'u32');
    expectShape('dropout', 'counter', counter, []);
    if (!(p >= 0 && p < 1)) throw new ShapeError(`dropout got p=${p}, but needs 0 <= p < 1`);
    return [{ shape: x.shape, dtype: 'f32' }];
  },

  gradient: ({ inputs: [, counter], attrs, grads: [dy] }) => [dropout(dy!, counter, attrs)],

  cost: perElement(2),
} satisfies Op<DropoutAttrs>;

/** `counter` is a u32 scalar that changes every step. */
export function dropout(x: Tensor, counter: Tensor, attrs: DropoutAttrs): Tensor {
  return apply(dropoutOp, [x, counter], attrs)[0];
}
