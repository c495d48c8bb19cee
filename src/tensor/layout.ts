import type { TypedArray } from './dtype.js';
import type { Shape } from './shape.js';
import { permute, size } from './shape.js';

/** Physical order of the logical axes, slowest first: `[0, 2, 3, 1]` is channels-last for N,C,H,W. */
export type Layout = readonly number[];

/**
 * Channels are the fast axis of every rank-4 tensor: activations are N,H,W,C and convolution weights O,kH,kW,I.
 * All other ranks are row-major.
 */
export function defaultLayout(rank: number): Layout {
  return rank === 4 ? [0, 2, 3, 1] : rowMajor(rank);
}

export function rowMajor(rank: number): Layout {
  return Array.from({ length: rank }, (_, i) => i);
}

/** True when two layouts put the elements of `shape` in the same order: axes of length 1 do not count. */
export function sameOrder(shape: Shape, a: Layout, b: Layout): boolean {
  const significant = (layout: Layout) => layout.filter((axis) => shape[axis] !== 1).join();
  return size(shape) <= 1 || significant(a) === significant(b);
}

export function physicalShape(shape: Shape, layout: Layout): number[] {
  return permute(shape, layout);
}

/** Stride in elements of each *logical* axis. */
export function physicalStrides(shape: Shape, layout: Layout): number[] {
  const result = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (let i = layout.length - 1; i >= 0; i--) {
    result[layout[i]] = step;
    step *= shape[layout[i]];
  }
  return result;
}

/** Reorders row-major logical elements into `layout`. Returns the same array when nothing moves. */
export function toPhysical<T extends TypedArray>(data: T, shape: Shape, layout: Layout): T {
  return reorder(data, shape, layout, false);
}

/** Reorders elements that lie in `layout` into row-major logical order. */
export function toLogical<T extends TypedArray>(data: T, shape: Shape, layout: Layout): T {
  return reorder(data, shape, layout, true);
}

/** Row-major values of an N,C,H,W tensor as `Program.run` takes them: N,H,W,C. Other ranks stay as they are. */
export function channelsLast<T extends TypedArray>(data: T, shape: Shape): T {
  return toPhysical(data, shape, defaultLayout(shape.length));
}

function reorder<T extends TypedArray>(data: T, shape: Shape, layout: Layout, toRowMajor: boolean): T {
  if (sameOrder(shape, layout, rowMajor(shape.length))) return data;
  const result = data.slice() as T;
  const steps = physicalStrides(shape, layout);
  const index = new Array<number>(shape.length).fill(0);
  let physical = 0;
  for (let logical = 0; logical < data.length; logical++) {
    if (toRowMajor) result[logical] = data[physical];
    else result[physical] = data[logical];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      physical += steps[axis];
      if (++index[axis] < shape[axis]) break;
      physical -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}
