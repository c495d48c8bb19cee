import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat, expectInteger, expectLength } from './check.js';
import { apply, type Op, perElement } from './op.js';
import { slice } from './slice.js';

export interface PadAttrs {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** Surrounds x with a constant: `before` and `after` elements along each axis. */
export const padOp = {
  name: 'pad',

  infer(inputs, { before, after }) {
    expectCount('pad', inputs, 1);
    expectFloat('pad', inputs, 'x');
    const { shape } = inputs[0];
    expectLength('pad', 'before', before, shape.length);
    expectLength('pad', 'after', after, shape.length);
    for (const n of [...before, ...after]) expectInteger('pad', 'padding', n, 0);
    if (shape[0] < 0 && before[0] + after[0]) throw new ShapeError(`pad got a symbolic batch [${shape}] to pad`);
    return [{ shape: shape.map((d, i) => d + before[i] + after[i]), dtype: 'f32' }];
  },

  gradient: ({ inputs: [x], attrs: { before }, grads: [dy] }) => [slice(dy!, before, x.shape)],

  cost: perElement(0),
} satisfies Op<PadAttrs>;

export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  return apply(padOp, [x], { before, after, value })[0];
}
