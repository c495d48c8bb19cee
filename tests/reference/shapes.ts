import type { ConcatAttrs } from '../../src/ops/concat.js';
import type { ExpandAttrs } from '../../src/ops/expand.js';
import type { FillAttrs } from '../../src/ops/fill.js';
import type { PadAttrs } from '../../src/ops/pad.js';
import type { ReduceAttrs } from '../../src/ops/reduce.js';
import type { ReshapeAttrs } from '../../src/ops/reshape.js';
import type { SliceAttrs } from '../../src/ops/slice.js';
import type { SplitAttrs } from '../../src/ops/split.js';
import type { TransposeAttrs } from '../../src/ops/transpose.js';
import type { Shape } from '../../src/tensor/shape.js';
import { size } from '../../src/tensor/shape.js';
import { map, type RefArray, type ReferenceRule, ravel, unravel, zeros } from './array.js';

/** An array whose element at each index is `value(index)`. */
function build(shape: Shape, value: (index: number[]) => number): RefArray {
  const y = zeros(shape);
  for (let i = 0; i < y.data.length; i++) y.data[i] = value(unravel(i, shape));
  return y;
}

export const reshape: ReferenceRule<ReshapeAttrs> = ([x], { shape }) => {
  const known = size(shape.filter((d) => d !== -1));
  return [{ shape: shape.map((d) => (d === -1 ? x.data.length / known : d)), data: x.data.slice() }];
};

export const transpose: ReferenceRule<TransposeAttrs> = ([x], { order }) => {
  const source = (index: number[]): number[] => {
    const from = new Array<number>(order.length);
    order.forEach((axis, i) => {
      from[axis] = index[i];
    });
    return from;
  };
  const shape = order.map((axis) => x.shape[axis]);
  return [build(shape, (index) => x.data[ravel(source(index), x.shape)])];
};

export const concat: ReferenceRule<ConcatAttrs> = (parts, { axis }) => {
  const length = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const shape = parts[0].shape.map((d, i) => (i === axis ? length : d));
  return [
    build(shape, (index) => {
      let at = index[axis];
      let part = 0;
      while (at >= parts[part].shape[axis]) at -= parts[part++].shape[axis];
      return parts[part].data[ravel(index.with(axis, at), parts[part].shape)];
    }),
  ];
};

export const slice: ReferenceRule<SliceAttrs> = ([x], { start, size: shape, step }) => [
  build([...shape], (index) => {
    const from = index.map((k, axis) => start[axis] + k * step[axis]);
    return x.data[from.reduce((flat, k, axis) => flat * x.shape[axis] + k, 0)];
  }),
];

export const split: ReferenceRule<SplitAttrs> = ([x], { axis, sizes }) => {
  let position = 0;
  return sizes.map((length) => {
    const from = position;
    position += length;
    const shape = x.shape.map((d, i) => (i === axis ? length : d));
    return build(shape, (index) => x.data[ravel(index.with(axis, from + index[axis]), x.shape)]);
  });
};

export const pad: ReferenceRule<PadAttrs> = ([x], { before, after, value }) => [
  build(
    x.shape.map((d, axis) => before[axis] + d + after[axis]),
    (index) => {
      const from = index.map((k, axis) => k - before[axis]);
      const inside = from.every((k, axis) => k >= 0 && k < x.shape[axis]);
      return inside ? x.data[ravel(from, x.shape)] : value;
    },
  ),
];

export const expand: ReferenceRule<ExpandAttrs> = ([x], { shape }) => [
  build(shape, (index) => x.data[ravel(index, x.shape)]),
];

/** Sum or mean over `axes`, which stay as axes of length 1 when `keepDims`. */
export const reduce: ReferenceRule<ReduceAttrs> = ([x], { kind, axes, keepDims }) => {
  const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
  const y = zeros(kept);
  for (let i = 0; i < x.data.length; i++) y.data[ravel(unravel(i, x.shape), kept)] += x.data[i];
  const divisor = kind === 'mean' ? x.data.length / y.data.length : 1;
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  return [{ shape, data: y.data.map((sum) => sum / divisor) }];
};

export const fill: ReferenceRule<FillAttrs> = (_, { shape, value }) => [map(zeros(shape), () => value)];

export const copy: ReferenceRule<unknown> = ([x]) => [map(x, (value) => value)];
