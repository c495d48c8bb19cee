import { normalizeAxis } from '../../../../tensor/shape.js';
import { hostArray } from '../array.js';
import type { HostOp, NodeImport } from '../importer.js';
import { alongAxes, build, eachIndex } from './support.js';

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Axes are an attribute or, in newer opsets, an input; without any, all are reduced. */
const reduction =
  (compute: (values: number[]) => number): HostOp =>
  ([x, given], job) => {
    const axes = given ? [...given.data] : [...job.ints('axes', [])];
    if (axes.length === 0 && job.int('noop_with_empty_axes', 0) === 1) return [x!];
    const all = axes.length > 0 ? axes : [...x!.dims.keys()];
    return [alongAxes(x!, all, job.int('keepdims', 1) === 1, compute, x!.type)];
  };

/** The first of equal values wins, or the last one when that is asked for. */
const arg =
  (better: (a: number, b: number) => boolean): HostOp =>
  ([x], job) => {
    const last = job.int('select_last_index', 0) === 1;
    const pick = (values: number[]): number => {
      let best = 0;
      for (let i = 1; i < values.length; i++) {
        if (better(values[i], values[best]) || (last && values[i] === values[best])) best = i;
      }
      return best;
    };
    return [alongAxes(x!, [job.int('axis', 0)], job.int('keepdims', 1) === 1, pick, 'int64')];
  };

const topK: HostOp = ([x, given], job) => {
  const { dims, data, type } = x!;
  const k = given?.data[0] ?? job.int('k');
  const axis = normalizeAxis(job.int('axis', -1), dims.length);
  const sign = job.int('largest', 1) === 1 ? -1 : 1;
  const shape = dims.map((dim, i) => (i === axis ? k : dim));
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const line = (outer: number, offset: number) => {
    const start = outer * dims[axis] * inner + offset;
    const values = Array.from({ length: dims[axis] }, (_, i) => [data[start + i * inner], i] as const);
    return values.sort(([a, i], [b, j]) => sign * (a - b) || i - j);
  };
  const read = (which: 0 | 1, result: typeof type) =>
    build(result, shape, (_, flat) => {
      const offset = flat % inner;
      const place = Math.floor(flat / inner) % k;
      return line(Math.floor(flat / inner / k), offset)[place][which];
    });
  return [read(0, type), read(1, 'int64')];
};

const hardmax: HostOp = ([x], job) => {
  const rank = x!.dims.length;
  const axis = normalizeAxis(job.int('axis', job.opset < 13 ? 1 : -1), rank);
  const axes = job.opset < 13 ? [...x!.dims.keys()].slice(axis) : [axis];
  const best = alongAxes(x!, axes, true, (values) => values.indexOf(Math.max(...values)), 'int64');
  const seen = new Float64Array(best.data.length);
  const result = new Float64Array(x!.data.length);
  eachIndex(x!.dims, (index, flat) => {
    const place = index.reduce((at, i, a) => at * best.dims[a] + (axes.includes(a) ? 0 : i), 0);
    if (seen[place]++ === best.data[place]) result[flat] = 1;
  });
  return [hostArray(x!.type, x!.dims, result)];
};

/** Running sums along an axis, possibly backwards and without the element itself. */
const cumulativeSum: HostOp = ([x, at], job) => {
  const { dims, data, type } = x!;
  const axis = normalizeAxis(at!.data[0], dims.length);
  const [exclusive, reverse] = [job.int('exclusive', 0) === 1, job.int('reverse', 0) === 1];
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  return [
    build(type, dims, (index, flat) => {
      const place = index[axis];
      const [from, to] = reverse ? [place + (exclusive ? 1 : 0), dims[axis]] : [0, place + (exclusive ? 0 : 1)];
      let total = 0;
      for (let i = from; i < to; i++) total += data[flat + (i - place) * inner];
      return total;
    }),
  ];
};

const softmaxOf =
  (log: boolean): HostOp =>
  ([x], job: NodeImport) => {
    const rank = x!.dims.length;
    const axis = normalizeAxis(job.int('axis', job.opset < 13 ? 1 : -1), rank);
    const axes = job.opset < 13 ? [...x!.dims.keys()].slice(axis) : [axis];
    const most = alongAxes(x!, axes, true, (values) => Math.max(...values), 'double');
    const total = alongAxes(
      x!,
      axes,
      true,
      (values) => {
        const top = Math.max(...values);
        return sum(values.map((value) => Math.exp(value - top)));
      },
      'double',
    );
    return [
      build(x!.type, x!.dims, (index, flat) => {
        const place = index.reduce((at, i, a) => at * most.dims[a] + (axes.includes(a) ? 0 : i), 0);
        const shifted = x!.data[flat] - most.data[place];
        return log ? shifted - Math.log(total.data[place]) : Math.exp(shifted) / total.data[place];
      }),
    ];
  };

export const reduceHostOps: Readonly<Record<string, HostOp>> = {
  ArgMax: arg((a, b) => a > b),
  ArgMin: arg((a, b) => a < b),
  CumSum: cumulativeSum,
  Hardmax: hardmax,
  LogSoftmax: softmaxOf(true),
  ReduceL1: reduction((values) => sum(values.map(Math.abs))),
  ReduceL2: reduction((values) => Math.sqrt(sum(values.map((x) => x * x)))),
  ReduceLogSum: reduction((values) => Math.log(sum(values))),
  ReduceLogSumExp: reduction((values) => {
    const most = Math.max(...values);
    return most + Math.log(sum(values.map((x) => Math.exp(x - most))));
  }),
  ReduceMax: reduction((values) => Math.max(...values)),
  ReduceMean: reduction((values) => sum(values) / values.length),
  ReduceMin: reduction((values) => Math.min(...values)),
  ReduceProd: reduction((values) => values.reduce((a, b) => a * b, 1)),
  ReduceSum: reduction(sum),
  ReduceSumSquare: reduction((values) => sum(values.map((x) => x * x))),
  Softmax: softmaxOf(false),
  TopK: topK,
};
