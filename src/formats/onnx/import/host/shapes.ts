import { broadcast, normalizeAxis } from '../../../../tensor/shape.js';
import { elementTypeOf } from '../../decode.js';
import { arrayOf, count, hostArray } from '../array.js';
import type { HostOp, NodeImport } from '../importer.js';
import { build, reader } from './support.js';

const axesOf = (given: { readonly data: ArrayLike<number> } | undefined, job: NodeImport): number[] | undefined => {
  if (given) return Array.from(given.data);
  return job.hasAttribute('axes') ? [...job.ints('axes')] : undefined;
};

const reshape: HostOp = ([x, shape], job) => {
  const copies = job.int('allowzero', 0) === 0;
  const wanted = shape ? Array.from(shape.data) : [...job.ints('shape')];
  const target = wanted.map((dim, i) => (dim === 0 && copies ? x!.dims[i] : dim));
  const known = count(target.filter((dim) => dim >= 0));
  const dims = target.map((dim) => (dim < 0 ? count(x!.dims) / known : dim));
  if (count(dims) !== x!.data.length) job.fail(`cannot reshape [${x!.dims}] to [${wanted}]`);
  return [{ ...x!, dims }];
};

const squeeze: HostOp = ([x, given], job) => {
  const axes = axesOf(given, job)?.map((axis) => normalizeAxis(axis, x!.dims.length));
  return [{ ...x!, dims: x!.dims.filter((dim, i) => (axes ? !axes.includes(i) : dim !== 1)) }];
};

const unsqueeze: HostOp = ([x, given], job) => {
  const wanted = axesOf(given, job) ?? [];
  const rank = x!.dims.length + wanted.length;
  const axes = wanted.map((axis) => normalizeAxis(axis, rank));
  const rest = [...x!.dims];
  return [{ ...x!, dims: Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)) }];
};

const flatten: HostOp = ([x], job) => {
  const given = job.int('axis', 1);
  const axis = given < 0 ? given + x!.dims.length : given;
  return [{ ...x!, dims: [count(x!.dims.slice(0, axis)), count(x!.dims.slice(axis))] }];
};

const transpose: HostOp = ([x], job) => {
  const perm = job.ints('perm', [...x!.dims.keys()].reverse());
  const at = reader(x!);
  const from = new Array<number>(perm.length);
  return [
    build(
      x!.type,
      perm.map((axis) => x!.dims[axis]),
      (index) => {
        perm.forEach((axis, i) => {
          from[axis] = index[i];
        });
        return at(from);
      },
    ),
  ];
};

const concat: HostOp = (inputs, job) => {
  const parts = inputs.map((part) => part!);
  const axis = normalizeAxis(job.int('axis', 1), parts[0].dims.length);
  const dims = parts[0].dims.map((dim, i) => (i === axis ? parts.reduce((n, part) => n + part.dims[i], 0) : dim));
  const readers = parts.map(reader);
  return [
    build(parts[0].type, dims, (index) => {
      let place = index[axis];
      let part = 0;
      while (place >= parts[part].dims[axis]) place -= parts[part++].dims[axis];
      return readers[part](index.map((i, a) => (a === axis ? place : i)));
    }),
  ];
};

const slice: HostOp = ([x, starts, ends, axes, steps], job) => {
  const { dims, type } = x!;
  const from = starts ? Array.from(starts.data) : [...job.ints('starts')];
  const to = ends ? Array.from(ends.data) : [...job.ints('ends')];
  const along = axes
    ? Array.from(axes.data)
    : [
        ...job.ints(
          'axes',
          from.map((_, i) => i),
        ),
      ];
  const start = dims.map(() => 0);
  const step = dims.map(() => 1);
  const length = [...dims];
  along.forEach((given, i) => {
    const axis = normalizeAxis(given, dims.length);
    const by = steps?.data[i] ?? 1;
    const size = dims[axis];
    const clamp = (at: number, low: number, high: number) => Math.min(high, Math.max(low, at < 0 ? at + size : at));
    const [first, last] =
      by > 0
        ? [clamp(from[i], 0, size), clamp(to[i], 0, size)]
        : [clamp(from[i], 0, size - 1), clamp(to[i], -1, size - 1)];
    [start[axis], step[axis], length[axis]] = [first, by, Math.max(0, Math.ceil((last - first) / by))];
  });
  const at = reader(x!);
  return [build(type, length, (index) => at(index.map((i, axis) => start[axis] + i * step[axis])))];
};

const split: HostOp = ([x, given], job) => {
  const axis = normalizeAxis(job.int('axis', 0), x!.dims.length);
  const parts = job.node.outputs.length;
  const even = Math.ceil(x!.dims[axis] / parts);
  const fallback = Array.from({ length: parts }, (_, i) => Math.min(even, x!.dims[axis] - i * even));
  const sizes = given ? Array.from(given.data) : [...job.ints('split', fallback)];
  const at = reader(x!);
  let position = 0;
  return sizes.map((length) => {
    const first = position;
    position += length;
    const dims = x!.dims.map((dim, i) => (i === axis ? length : dim));
    return build(x!.type, dims, (index) => at(index.map((i, a) => (a === axis ? i + first : i))));
  });
};

const expand: HostOp = ([x, shape]) => {
  const dims = broadcast(x!.dims, Array.from(shape!.data));
  const lead = dims.length - x!.dims.length;
  const at = reader(x!);
  return [build(x!.type, dims, (index) => at(x!.dims.map((dim, i) => (dim === 1 ? 0 : index[i + lead]))))];
};

const tile: HostOp = ([x, repeats]) => {
  const at = reader(x!);
  return [
    build(
      x!.type,
      x!.dims.map((dim, i) => dim * repeats!.data[i]),
      (index) => at(index.map((i, a) => i % x!.dims[a])),
    ),
  ];
};

/** Edges are continued: by a constant, by the last element, or mirrored. */
const pad: HostOp = ([x, given, value, only], job) => {
  const { dims, type } = x!;
  const mode = job.text('mode', 'constant');
  const pads = given ? Array.from(given.data) : [...job.ints('pads')];
  const axes = only ? Array.from(only.data, (axis) => normalizeAxis(axis, dims.length)) : [...dims.keys()];
  const before = dims.map((_, i) => (axes.includes(i) ? pads[axes.indexOf(i)] : 0));
  const after = dims.map((_, i) => (axes.includes(i) ? pads[axes.indexOf(i) + axes.length] : 0));
  const constant = value?.data[0] ?? (job.hasAttribute('value') ? job.float('value') : 0);
  const at = reader(x!);
  return [
    build(
      type,
      dims.map((dim, i) => dim + before[i] + after[i]),
      (index) => {
        const from = index.map((i, a) => i - before[a]);
        if (mode === 'constant') return from.every((i, a) => i >= 0 && i < dims[a]) ? at(from) : constant;
        const place = (i: number, size: number) => {
          if (mode === 'wrap') return ((i % size) + size) % size;
          if (mode === 'edge') return Math.min(size - 1, Math.max(0, i));
          const period = Math.max(1, 2 * size - 2);
          const inside = ((i % period) + period) % period;
          return inside < size ? inside : period - inside;
        };
        return at(from.map((i, a) => place(i, dims[a])));
      },
    ),
  ];
};

const cast: HostOp = ([x], job) => {
  const type = elementTypeOf(job.int('to')) ?? job.fail('casts to an unknown type');
  return [hostArray(type, x!.dims, x!.data)];
};

const constant: HostOp = (_, job) => {
  const { attributes } = job.node;
  const tensor = attributes.value;
  if (tensor?.type === 'tensor') return [arrayOf(tensor.value)];
  if (job.hasAttribute('value_float')) return [hostArray('float', [], [job.float('value_float')])];
  if (job.hasAttribute('value_int')) return [hostArray('int64', [], [job.int('value_int')])];
  const { value_floats: floats, value_ints: ints } = attributes;
  if (floats?.type === 'floats') return [hostArray('float', [floats.value.length], floats.value)];
  if (ints?.type === 'ints') return [hostArray('int64', [ints.value.length], ints.value)];
  return job.fail('has no value that is supported');
};

const constantOfShape: HostOp = ([shape], job) => {
  const dims = Array.from(shape!.data);
  const { value } = job.node.attributes;
  const filled = value?.type === 'tensor' ? arrayOf(value.value) : hostArray('float', [1], [0]);
  return [hostArray(filled.type, dims, new Float64Array(count(dims)).fill(filled.data[0]))];
};

const range: HostOp = ([start, limit, delta]) => {
  const [from, to, by] = [start!.data[0], limit!.data[0], delta!.data[0]];
  const length = Math.max(0, Math.ceil((to - from) / by));
  return [
    hostArray(
      start!.type,
      [length],
      Float64Array.from({ length }, (_, i) => from + i * by),
    ),
  ];
};

const eyeLike: HostOp = ([x], job) => {
  const k = job.int('k', 0);
  const type = job.hasAttribute('dtype') ? (elementTypeOf(job.int('dtype')) ?? x!.type) : x!.type;
  return [build(type, x!.dims, ([row, column]) => (column === row + k ? 1 : 0))];
};

/** The triangle above or below the k-th diagonal. */
const triangle: HostOp = ([x, k], job) => {
  const upper = job.int('upper', 1) === 1;
  const diagonal = k?.data[0] ?? 0;
  return [
    build(x!.type, x!.dims, (index, flat) => {
      const [row, column] = index.slice(-2);
      const inside = upper ? column >= row + diagonal : column <= row + diagonal;
      return inside ? x!.data[flat] : 0;
    }),
  ];
};

const depthToSpace: HostOp = ([x], job) => {
  const b = job.int('blocksize');
  const [n, c, h, w] = x!.dims;
  const inner = c / (b * b);
  const crd = job.text('mode', 'DCR') === 'CRD';
  const at = reader(x!);
  return [
    build(x!.type, [n, inner, h * b, w * b], ([image, channel, y, z]) => {
      const block = (y % b) * b + (z % b);
      const from = crd ? channel * b * b + block : block * inner + channel;
      return at([image, from, Math.floor(y / b), Math.floor(z / b)]);
    }),
  ];
};

export const shapeHostOps: Readonly<Record<string, HostOp>> = {
  Cast: cast,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  DepthToSpace: depthToSpace,
  Expand: expand,
  EyeLike: eyeLike,
  Flatten: flatten,
  Pad: pad,
  Range: range,
  Reshape: reshape,
  Size: ([x]) => [hostArray('int64', [], [count(x!.dims)])],
  Slice: slice,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Trilu: triangle,
  Unsqueeze: unsqueeze,
};
