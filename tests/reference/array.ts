import { type Shape, size, strides } from '../../src/tensor/shape.js';

/** Values in float64, logical axes, row-major. Integers are exact in it, so every dtype is held this way. */
export interface RefArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** What an operator computes, from its definition: one plain loop function. */
export type ReferenceRule<A> = (inputs: readonly RefArray[], attrs: A) => RefArray[];

export function zeros(shape: Shape): RefArray {
  return { shape, data: new Float64Array(size(shape)) };
}

export function array(shape: Shape, values: ArrayLike<number>): RefArray {
  const data = Float64Array.from(values);
  if (data.length !== size(shape)) throw new Error(`${data.length} values for shape [${shape}]`);
  return { shape, data };
}

export const number = (value: number): RefArray => array([], [value]);

/** A new array of the same shape, element by element. */
export function map({ shape, data }: RefArray, f: (value: number, i: number) => number): RefArray {
  return { shape, data: data.map(f) };
}

/** Row-major multi-index of flat position `flat`. */
export function unravel(flat: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = flat % shape[axis];
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}

/** Flat position of a multi-index in an array of shape `shape`; axes of length 1 are broadcast, from the right. */
export function ravel(index: readonly number[], shape: Shape): number {
  const step = strides(shape);
  const lead = index.length - shape.length;
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) flat += (shape[axis] === 1 ? 0 : index[axis + lead]) * step[axis];
  return flat;
}

/** [outer, length of `axis`, inner]: the three loops of everything that works along one axis. */
export function split(shape: Shape, axis: number): [outer: number, length: number, inner: number] {
  return [size(shape.slice(0, axis)), shape[axis], size(shape.slice(axis + 1))];
}
