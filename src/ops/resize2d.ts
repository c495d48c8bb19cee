import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectCount, expectFloat, expectInteger, expectLength, expectRank, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';
import { type Pair, toPair } from './window.js';

export interface Resize2dAttrs {
  /** [height, width] of the result. */
  readonly size: Pair;
  readonly mode: 'nearest' | 'bilinear';
  /** Bilinear only: the corner pixels' centres stay in place. */
  readonly alignCorners: boolean;
}

export interface Resize2dBackwardAttrs extends Resize2dAttrs {
  readonly inputShape: Shape;
}

export interface Resize2dOptions {
  readonly size: number | Pair;
  readonly mode?: Resize2dAttrs['mode'];
  readonly alignCorners?: boolean;
}

/** Nearest or bilinear interpolation of [N,C,H,W], sampled as PyTorch's `interpolate` does. */
export const resize2dOp = {
  name: 'resize2d',

  infer(inputs, { size }) {
    expectCount('resize2d', inputs, 1);
    expectFloat('resize2d', inputs, 'x');
    expectRank('resize2d', 'x', inputs[0], 4);
    for (const length of size) expectInteger('resize2d', 'size', length, 1);
    const [n, c] = inputs[0].shape;
    return [{ shape: [n, c, ...size], dtype: 'f32' }];
  },

  gradient: ({ inputs: [x], attrs, grads: [dy] }) =>
    apply(resize2dBackwardOp, [dy!], { ...attrs, inputShape: x.shape }),

  cost: perElement(8),
} satisfies Op<Resize2dAttrs>;

/** Each pixel of x gathers the gradients of the pixels that it was blended into. */
export const resize2dBackwardOp = {
  name: 'resize2dBackward',

  infer(inputs, { size, inputShape }) {
    expectCount('resize2dBackward', inputs, 1);
    expectFloat('resize2dBackward', inputs, 'dy');
    expectLength('resize2dBackward', 'inputShape', inputShape, 4);
    expectShape('resize2dBackward', 'dy', inputs[0], [inputShape[0], inputShape[1], ...size]);
    return [{ shape: inputShape, dtype: 'f32' }];
  },

  cost: perElement(8),
} satisfies Op<Resize2dBackwardAttrs>;

export function resize2d(x: Tensor, { size, mode = 'bilinear', alignCorners = false }: Resize2dOptions): Tensor {
  return apply(resize2dOp, [x], { size: toPair(size), mode, alignCorners })[0];
}
