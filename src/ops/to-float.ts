import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectDtype, expectRank } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface ToFloatAttrs {
  /** One factor for each channel, or one for all. */
  readonly scale: readonly number[];
  readonly shift: readonly number[];
}

/** Pixels u8 [N,C,H,W] to f32: x · scale + shift per channel. */
export const toFloatOp = {
  name: 'toFloat',

  infer(inputs, { scale, shift }) {
    expectCount('toFloat', inputs, 1);
    const [x] = inputs;
    expectDtype('toFloat', 'x', x, 'u8');
    expectRank('toFloat', 'x', x, 4);
    for (const [name, values] of Object.entries({ scale, shift })) {
      if (values.length === 1 || values.length === x.shape[1]) continue;
      throw new ShapeError(
        `toFloat got ${values.length} values of ${name}, but x [${x.shape}] needs 1 or ${x.shape[1]}`,
      );
    }
    return [{ shape: x.shape, dtype: 'f32' }];
  },

  cost: perElement(2),
} satisfies Op<ToFloatAttrs>;

/** By default 0..255 becomes 0..1. */
export function toFloat(x: Tensor, { scale = [1 / 255], shift = [0] }: Partial<ToFloatAttrs> = {}): Tensor {
  return apply(toFloatOp, [x], { scale, shift })[0];
}
