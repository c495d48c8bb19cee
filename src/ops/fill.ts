import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectCount } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface FillAttrs {
  readonly shape: Shape;
  readonly value: number;
}

/** A constant f32 tensor. */
export const fillOp = {
  name: 'fill',

  infer(inputs, { shape }) {
    expectCount('fill', inputs, 0);
    return [{ shape, dtype: 'f32' }];
  },

  cost: perElement(0),
} satisfies Op<FillAttrs>;

export function fill(shape: Shape, value: number): Tensor {
  return apply(fillOp, [], { shape, value })[0];
}
