import type { Shape } from '../tensor/shape.js';
import { sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat } from './check.js';
import { apply, type Op, perElement } from './op.js';
import { sumTo } from './reduce.js';

export interface ExpandAttrs {
  readonly shape: Shape;
}

/** Repeats x along its axes of length 1 (and new leading axes) until it has `shape`. */
export const expandOp = {
  name: 'expand',

  infer(inputs, { shape }) {
    expectCount('expand', inputs, 1);
    expectFloat('expand', inputs, 'x');
    const x = inputs[0].shape;
    const lead = shape.length - x.length;
    if (lead < 0 || x.some((d, i) => d !== 1 && d !== shape[i + lead])) {
      throw new ShapeError(`expand got [${x}], which does not broadcast to [${shape}]`, 'only axes of length 1 repeat');
    }
    return [{ shape, dtype: 'f32' }];
  },

  gradient: ({ inputs: [x], grads: [dy] }) => [sumTo(dy!, x.shape)],

  cost: perElement(0),
} satisfies Op<ExpandAttrs>;

export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(expandOp, [x], { shape })[0];
}
