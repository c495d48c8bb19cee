import { broadcast, normalizeAxis, strides } from '../../../../tensor/shape.js';
import type { ElementType } from '../../model.js';
import { count, type HostArray, hostArray } from '../array.js';

/** Calls `visit` with the index of every element, row-major. The array is reused. */
export function eachIndex(dims: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(dims.length).fill(0);
  const total = count(dims);
  for (let flat = 0; flat < total; flat++) {
    visit(index, flat);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
}

/** An array made element by element. */
export function build(
  type: ElementType,
  dims: readonly number[],
  at: (index: readonly number[], flat: number) => number,
): HostArray {
  const values = new Float64Array(count(dims));
  eachIndex(dims, (index, flat) => {
    values[flat] = at(index, flat);
  });
  return hostArray(type, dims, values);
}

/** Reads an array at an index. */
export function reader({ dims, data }: HostArray): (index: readonly number[]) => number {
  const steps = strides(dims);
  return (index) => {
    let flat = 0;
    for (let axis = 0; axis < steps.length; axis++) flat += steps[axis] * index[axis];
    return data[flat];
  };
}

/** Combines arrays elementwise with NumPy's broadcasting. */
export function combine(
  type: ElementType,
  inputs: readonly HostArray[],
  compute: (...values: number[]) => number,
): HostArray {
  const dims = inputs.map((input) => input.dims).reduce((a, b) => broadcast(a, b));
  const steps = inputs.map((input) => {
    const lead = dims.length - input.dims.length;
    const own = strides(input.dims);
    return dims.map((_, i) => (i < lead || input.dims[i - lead] === 1 ? 0 : own[i - lead]));
  });
  return build(type, dims, (index) =>
    compute(...inputs.map(({ data }, k) => data[index.reduce((sum, at, i) => sum + at * steps[k][i], 0)])),
  );
}

/** One value for each line along `axes`: the elements come in order. */
export function alongAxes(
  { dims, data }: HostArray,
  axes: readonly number[],
  keep: boolean,
  compute: (values: number[]) => number,
  type: ElementType,
): HostArray {
  const reduced = axes.map((axis) => normalizeAxis(axis, dims.length));
  const kept = dims.map((dim, i) => (reduced.includes(i) ? 1 : dim));
  const places = strides(kept);
  const lines: number[][] = Array.from({ length: count(kept) }, () => []);
  eachIndex(dims, (index, flat) => {
    let place = 0;
    for (let i = 0; i < dims.length; i++) if (!reduced.includes(i)) place += places[i] * index[i];
    lines[place].push(data[flat]);
  });
  const shape = keep ? kept : dims.filter((_, i) => !reduced.includes(i));
  return hostArray(type, shape, lines.map(compute));
}
