import * as ops from '../../../../ops/index.js';
import type { Padding4, Pair } from '../../../../ops/window.js';
import { normalizeAxis, size } from '../../../../tensor/shape.js';
import type { Tensor } from '../../../../tensor/tensor.js';
import type { NativeOp, NodeImport } from '../importer.js';
import { reflatten, unflatten } from './layers.js';
import { ceilPadding, type ImportedWindow, windowOf } from './window.js';

/** A pool over one or two axes; `compute` gets an image of two and its window. */
function pool(job: NodeImport, compute: (x: Tensor, window: ImportedWindow, grown: boolean) => Tensor | undefined) {
  const x = job.tensor(0);
  const window = windowOf(job, x.shape, job.ints('kernel_shape'));
  if (!window || x.dtype !== 'f32' || job.node.outputs.length > 1) return undefined;
  const image = window.flat ? unflatten(x) : x;
  const [top, bottom, left, right] = window.padding;
  const more = job.int('ceil_mode', 0)
    ? ceilPadding(image.shape.slice(2) as unknown as Pair, window)
    : ([0, 0] as const);
  const padding: Padding4 = [top, bottom + more[0], left, right + more[1]];
  const y = compute(image, { ...window, padding }, more[0] + more[1] > 0);
  return y && [window.flat ? reflatten(y) : y];
}

const maxPool: NativeOp = (job) =>
  pool(job, (x, { kernel, stride, padding, dilation }) => ops.maxPool2d(x, { kernel, stride, padding, dilation }));

/** Padding that only ceil_mode added never counts, so where it does the divisor would be wrong: that is for the host. */
const averagePool: NativeOp = (job) =>
  pool(job, (x, { kernel, stride, padding, dilation }, grown) => {
    const countIncludePad = job.int('count_include_pad', 0) === 1;
    if (dilation.some((d) => d !== 1) || (countIncludePad && grown)) return undefined;
    return ops.avgPool2d(x, { kernel, stride, padding, countIncludePad });
  });

const globalAverage: NativeOp = (job) => {
  const x = job.tensor(0);
  return [ops.mean(x, { axes: x.shape.map((_, i) => i).slice(2), keepDims: true })];
};

const globalMax: NativeOp = (job) => {
  const x = job.tensor(0);
  const [n, c, ...space] = x.shape;
  const lined = ops.reshape(x, [n, c, 1, size(space)]);
  const y = ops.maxPool2d(lined, { kernel: [1, size(space)], stride: 1 });
  return [ops.reshape(y, [n, c, ...space.map(() => 1)])];
};

/** Mean and sum by the engine; other reductions are for the host. */
const reduce =
  (compute: (x: Tensor, options: { axes: number[]; keepDims: boolean }) => Tensor): NativeOp =>
  (job) => {
    const x = job.tensor(0);
    if (x.dtype !== 'f32' || (job.has(1) && !('array' in job.value(1)))) return undefined;
    const given = job.has(1) ? job.numbers(1) : [...job.ints('axes', [])];
    if (given.length === 0 && job.int('noop_with_empty_axes', 0) === 1) return [x];
    const axes = given.length > 0 ? given.map((axis) => normalizeAxis(axis, x.rank)) : [...x.shape.keys()];
    return [compute(x, { axes, keepDims: job.int('keepdims', 1) === 1 })];
  };

/** Before opset 13 everything from the axis on is one row. */
const softmax =
  (compute: (x: Tensor, axis: number) => Tensor): NativeOp =>
  (job) => {
    const x = job.tensor(0);
    const axis = normalizeAxis(job.int('axis', job.opset < 13 ? 1 : -1), x.rank);
    if (job.opset >= 13 || axis === x.rank - 1) return [compute(x, axis)];
    const columns = size(x.shape.slice(axis));
    return [ops.reshape(compute(ops.reshape(x, [-1, columns]), 1), x.shape)];
  };

/** Sizes that a Resize makes, when its operands tell. */
function resized(job: NodeImport, x: Tensor): readonly number[] | undefined {
  const old = job.opset < 11;
  const [scalesAt, sizesAt] = old ? [1, -1] : [2, 3];
  const axes = job.ints('axes', [...x.shape.keys()]);
  const whole = (values: readonly number[], make: (dim: number, value: number) => number) =>
    x.shape.map((dim, i) => (axes.includes(i) ? make(dim, values[axes.indexOf(i)]) : dim));
  if (job.has(sizesAt) && 'array' in job.value(sizesAt) && job.numbers(sizesAt).length > 0) {
    return whole(job.numbers(sizesAt), (_, value) => value);
  }
  if (!job.has(scalesAt) || !('array' in job.value(scalesAt))) return undefined;
  return whole(job.numbers(scalesAt), (dim, value) => (dim < 0 && value === 1 ? dim : Math.floor(dim * value + 1e-6)));
}

/** The modes that the engine has: those of PyTorch. Fractional scales make samples fall elsewhere, so sizes must say. */
const resize: NativeOp = (job) => {
  const x = job.tensor(0);
  const target = resized(job, x);
  if (!target || x.rank !== 4 || x.dtype !== 'f32') return undefined;
  if (target[0] !== x.shape[0] || target[1] !== x.shape[1] || job.int('antialias', 0)) return undefined;
  if (job.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch') return undefined;
  const to = target.slice(2) as unknown as Pair;
  const exact = to.every((side, i) => side % x.shape[2 + i] === 0) || (job.opset >= 11 && job.has(3));
  if (!exact) return undefined;
  const coordinates = job.text('coordinate_transformation_mode', job.opset < 11 ? 'asymmetric' : 'half_pixel');
  const mode = job.text('mode', 'nearest');
  if (
    mode === 'nearest' &&
    coordinates === 'asymmetric' &&
    (job.opset < 11 || job.text('nearest_mode', '') === 'floor')
  ) {
    return [ops.resize2d(x, { size: to, mode: 'nearest' })];
  }
  if (mode !== 'linear') return undefined;
  if (coordinates === 'align_corners') return [ops.resize2d(x, { size: to, alignCorners: true })];
  const centred =
    coordinates === 'half_pixel' || (coordinates === 'pytorch_half_pixel' && to.every((side) => side > 1));
  return centred ? [ops.resize2d(x, { size: to })] : undefined;
};

export const spatialOps: Readonly<Record<string, NativeOp>> = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMax,
  LogSoftmax: softmax(ops.logSoftmax),
  MaxPool: maxPool,
  ReduceMean: reduce(ops.mean),
  ReduceSum: reduce(ops.sum),
  Resize: resize,
  Softmax: softmax(ops.softmax),
  Upsample: resize,
};
