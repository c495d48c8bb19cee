import { normalizeAxis } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount } from './check.js';
import { apply, type Op, perElement } from './op.js';
import { slice } from './slice.js';

export interface ConcatAttrs {
  readonly axis: number;
}

/** Joins tensors along one axis. */
export const concatOp = {
  name: 'concat',

  infer(inputs, attrs) {
    expectCount('concat', inputs, 1, Number.POSITIVE_INFINITY);
    const [{ shape, dtype }] = inputs;
    const axis = normalizeAxis(attrs.axis, shape.length, 'concat');
    let length = 0;
    for (const input of inputs) {
      const fits = input.shape.length === shape.length && input.shape.every((d, i) => i === axis || d === shape[i]);
      if (!fits || input.dtype !== dtype) {
        throw new ShapeError(
          `concat got ${dtype}[${shape}] and ${input.dtype}[${input.shape}], but along axis ${axis} the rest must be equal`,
        );
      }
      if (input.shape[axis] < 0)
        throw new ShapeError(`concat got a symbolic batch [${input.shape}] along axis ${axis}`);
      length += input.shape[axis];
    }
    return [{ shape: shape.map((d, i) => (i === axis ? length : d)), dtype }];
  },

  gradient({ inputs, attrs, grads: [dy], needs }) {
    const axis = normalizeAxis(attrs.axis, inputs[0].rank);
    let position = 0;
    return inputs.map(({ shape }, i) => {
      const start = shape.map((_, d) => (d === axis ? position : 0));
      position += shape[axis];
      return needs[i] ? slice(dy!, start, shape) : undefined;
    });
  },

  cost: perElement(0),
} satisfies Op<ConcatAttrs>;

export function concat(xs: readonly Tensor[], axis: number): Tensor {
  return apply(concatOp, xs, { axis })[0];
}
