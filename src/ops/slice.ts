import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectInteger, expectLength } from './check.js';
import { apply, type Op, perElement } from './op.js';
import { pad } from './pad.js';
import { reshape } from './reshape.js';

export interface SliceAttrs {
  readonly start: readonly number[];
  /** Shape of the result. A symbolic batch is taken whole: start 0, size -1, step 1. */
  readonly size: readonly number[];
  readonly step: readonly number[];
}

/** Elements start, start + step, ... of each axis. */
export const sliceOp = {
  name: 'slice',

  infer(inputs, { start, size, step }) {
    expectCount('slice', inputs, 1);
    const [{ shape, dtype }] = inputs;
    expectLength('slice', 'start', start, shape.length);
    expectLength('slice', 'size', size, shape.length);
    expectLength('slice', 'step', step, shape.length);
    shape.forEach((length, i) => {
      expectInteger('slice', 'step', step[i], 1);
      expectInteger('slice', 'start', start[i], 0);
      if (length < 0 && (start[i] || size[i] >= 0 || step[i] !== 1)) {
        throw new ShapeError(
          `slice got a symbolic batch [${shape}], but cuts axis ${i}`,
          'take it whole: start 0, size -1',
        );
      }
      if (length < 0) return;
      expectInteger('slice', 'size', size[i], 1);
      const last = start[i] + (size[i] - 1) * step[i];
      if (last >= length) {
        throw new ShapeError(`slice reads element ${last} of axis ${i}, but [${shape}] has ${length} there`);
      }
    });
    return [{ shape: [...size], dtype }];
  },

  gradient({ inputs: [x], attrs: { start, size, step }, grads: [dy] }) {
    let spread = dy!;
    step.forEach((s, axis) => {
      if (s > 1 && size[axis] > 1) spread = insertZeros(spread, axis, s);
    });
    const after = x.shape.map((d, i) => (d < 0 ? 0 : d - start[i] - spread.shape[i]));
    return [pad(spread, start, after)];
  },

  cost: perElement(0),
} satisfies Op<SliceAttrs>;

/** Puts `step - 1` zeros between neighbours along an axis: n elements become (n - 1)·step + 1. */
function insertZeros(x: Tensor, axis: number, step: number): Tensor {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const [n, inner] = [x.shape[axis], after.reduce((a, b) => a * b, 1)];
  const columns = reshape(x, [-1, 1, inner]);
  const spread = reshape(pad(columns, [0, 0, 0], [0, step - 1, 0]), [...before, n * step, ...after]);
  return slice(
    spread,
    spread.shape.map(() => 0),
    [...before, (n - 1) * step + 1, ...after],
  );
}

/** `size` is the shape of the result; `step` defaults to 1 everywhere. */
export function slice(
  x: Tensor,
  start: readonly number[],
  size: readonly number[],
  step: readonly number[] = start.map(() => 1),
): Tensor {
  return apply(sliceOp, [x], { start, size, step })[0];
}
