import { normalizeAxis } from '../../../../tensor/shape.js';
import { count, hostArray } from '../array.js';
import type { HostOp } from '../importer.js';
import { build, eachIndex, reader } from './support.js';

const wrap = (index: number, size: number): number => (index < 0 ? index + size : index);

const gather: HostOp = ([x, indices], job) => {
  const { dims, type } = x!;
  const axis = normalizeAxis(job.int('axis', 0), dims.length);
  const at = reader(x!);
  const pick = reader(indices!);
  const inner = indices!.dims.length;
  return [
    build(type, [...dims.slice(0, axis), ...indices!.dims, ...dims.slice(axis + 1)], (index) => {
      const chosen = wrap(pick(index.slice(axis, axis + inner)), dims[axis]);
      return at([...index.slice(0, axis), chosen, ...index.slice(axis + inner)]);
    }),
  ];
};

const gatherElements: HostOp = ([x, indices], job) => {
  const axis = normalizeAxis(job.int('axis', 0), x!.dims.length);
  const at = reader(x!);
  return [
    build(x!.type, indices!.dims, (index, flat) => {
      const chosen = wrap(indices!.data[flat], x!.dims[axis]);
      return at(index.map((i, a) => (a === axis ? chosen : i)));
    }),
  ];
};

const gatherNd: HostOp = ([x, indices], job) => {
  const batch = job.int('batch_dims', 0);
  const depth = indices!.dims.at(-1)!;
  const lead = indices!.dims.slice(0, -1);
  const [at, pick] = [reader(x!), reader(indices!)];
  return [
    build(x!.type, [...lead, ...x!.dims.slice(batch + depth)], (index) => {
      const place = index.slice(0, lead.length);
      const chosen = Array.from({ length: depth }, (_, i) => wrap(pick([...place, i]), x!.dims[batch + i]));
      return at([...place.slice(0, batch), ...chosen, ...index.slice(lead.length)]);
    }),
  ];
};

const mixes: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

const flatPlace = (dims: readonly number[], index: readonly number[]): number =>
  index.reduce((at, i, axis) => at * dims[axis] + i, 0);

const scatterElements: HostOp = ([x, indices, updates], job) => {
  const axis = normalizeAxis(job.int('axis', 0), x!.dims.length);
  const mix = mixes[job.text('reduction', 'none')];
  const result = Float64Array.from(x!.data);
  eachIndex(indices!.dims, (index, flat) => {
    const chosen = wrap(indices!.data[flat], x!.dims[axis]);
    const place = flatPlace(
      x!.dims,
      index.map((i, a) => (a === axis ? chosen : i)),
    );
    result[place] = mix(result[place], updates!.data[flat]);
  });
  return [hostArray(x!.type, x!.dims, result)];
};

const scatterNd: HostOp = ([x, indices, updates], job) => {
  const mix = mixes[job.text('reduction', 'none')];
  const depth = indices!.dims.at(-1)!;
  const inner = count(x!.dims.slice(depth));
  const result = Float64Array.from(x!.data);
  for (let row = 0; row < indices!.data.length / depth; row++) {
    const chosen = Array.from({ length: depth }, (_, i) => wrap(indices!.data[row * depth + i], x!.dims[i]));
    const start = flatPlace(x!.dims, chosen) * inner;
    for (let i = 0; i < inner; i++) result[start + i] = mix(result[start + i], updates!.data[row * inner + i]);
  }
  return [hostArray(x!.type, x!.dims, result)];
};

const oneHot: HostOp = ([indices, depth, values], job) => {
  const size = depth!.data[0];
  const rank = indices!.dims.length + 1;
  const axis = normalizeAxis(job.int('axis', -1), rank);
  const [off, on] = values!.data;
  const at = reader(indices!);
  const dims = [...indices!.dims.slice(0, axis), size, ...indices!.dims.slice(axis)];
  return [
    build(values!.type, dims, (index) => {
      const chosen = wrap(at(index.filter((_, i) => i !== axis)), size);
      return index[axis] === chosen ? on : off;
    }),
  ];
};

/** Each row's first elements are turned around. */
const reverseSequence: HostOp = ([x, lengths], job) => {
  const [time, batch] = [job.int('time_axis', 0), job.int('batch_axis', 1)];
  const at = reader(x!);
  return [
    build(x!.type, x!.dims, (index) => {
      const length = lengths!.data[index[batch]];
      const place = index[time];
      return at(index.map((i, a) => (a === time && place < length ? length - 1 - place : i)));
    }),
  ];
};

/** Values go back to where a max-pool took them from. */
const maxUnpool: HostOp = ([x, indices, shape], job) => {
  const kernel = job.ints('kernel_shape');
  const strides = job.ints(
    'strides',
    kernel.map(() => 1),
  );
  const pads = job.ints(
    'pads',
    [...kernel, ...kernel].map(() => 0),
  );
  const grown = kernel.map((k, i) => (x!.dims[i + 2] - 1) * strides[i] + k - pads[i] - pads[i + kernel.length]);
  const natural: readonly number[] = [...x!.dims.slice(0, 2), ...grown];
  const dims = shape ? Array.from(shape.data) : natural;
  const result = new Float64Array(count(dims));
  // Indices count in the image that the pool saw, which may be smaller than the one that is asked for.
  indices!.data.forEach((place: number, i: number) => {
    const index: number[] = [];
    let rest = place;
    for (let axis = natural.length - 1; axis >= 0; axis--) {
      index.unshift(rest % natural[axis]);
      rest = Math.floor(rest / natural[axis]);
    }
    result[flatPlace(dims, index)] = x!.data[i];
  });
  return [hostArray(x!.type, dims, result)];
};

export const gatherHostOps: Readonly<Record<string, HostOp>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  MaxUnpool: maxUnpool,
  OneHot: oneHot,
  ReverseSequence: reverseSequence,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
};
