import { ShapeError } from '../utils/errors.js';

/** Logical shape, N,C,H,W order for images. Dimension 0 may be `BATCH`. */
export type Shape = readonly number[];

/** A batch size that is not known yet; resolved at plan time. Printed as -1, as exporters do. */
export const BATCH = -1;

/** Number of elements. Throws for a symbolic shape. */
export function size(shape: Shape): number {
  let n = 1;
  for (const d of shape) {
    if (d < 0) throw new ShapeError(`[${shape}] has a symbolic batch`, 'bind the batch size first');
    n *= d;
  }
  return n;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Row-major strides in elements. */
export function strides(shape: Shape): number[] {
  const result = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    result[i] = step;
    step *= shape[i];
  }
  return result;
}

/** NumPy's broadcasting rule. Throws when a pair of dimensions is neither equal nor 1. */
export function broadcast(a: Shape, b: Shape, op = 'broadcast'): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}: shapes [${a}] and [${b}] do not broadcast`,
        `dimension ${i - rank} is ${x} and ${y}; make them equal or 1`,
      );
    }
    return x === 1 ? y : x;
  });
}

/** Axis in 0..rank-1; negative axes count from the end. */
export function normalizeAxis(axis: number, rank: number, op = 'axis'): number {
  const result = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || result < 0 || result >= rank) {
    throw new ShapeError(`${op}: axis ${axis} is outside a tensor of rank ${rank}`, `use ${-rank} to ${rank - 1}`);
  }
  return result;
}

export function permute<T>(values: readonly T[], order: readonly number[]): T[] {
  return order.map((i) => values[i]);
}

export function inversePermutation(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  order.forEach((from, to) => {
    result[from] = to;
  });
  return result;
}
