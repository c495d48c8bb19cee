import * as ops from '../../../../ops/index.js';
import { BATCH, normalizeAxis, type Shape, size } from '../../../../tensor/shape.js';
import type { Tensor } from '../../../../tensor/tensor.js';
import { elementTypes } from '../../model.js';
import type { NativeOp, NodeImport } from '../importer.js';

/** A reshape that keeps a symbolic batch: sizes that are computed from it are negative. */
function reshapeTo(job: NodeImport, x: Tensor, target: readonly number[]): Tensor {
  const open = target.filter((dim) => dim < 0).length;
  if (open <= 1 || x.shape[0] !== BATCH) return ops.reshape(x, target);
  // The batch and one that is left to be computed: of one image, everything is known.
  const rest = target.slice(1);
  const free = rest.indexOf(-1);
  if (target[0] >= 0 || open > 2) return job.fail(`cannot reshape [${x.shape}] to [${target}]`);
  const others = size(rest.filter((_, i) => i !== free));
  return ops.reshape(x, [BATCH, ...rest.with(free, size(x.shape.slice(1)) / others)]);
}

const reshape: NativeOp = (job) => {
  const x = job.tensor(0);
  const target = job.opset < 5 ? job.ints('shape') : job.numbers(1);
  const copies = job.int('allowzero', 0) === 0;
  return [
    reshapeTo(
      job,
      x,
      target.map((dim, i) => (dim === 0 && copies ? x.shape[i] : dim)),
    ),
  ];
};

const flatten: NativeOp = (job) => {
  const x = job.tensor(0);
  const given = job.int('axis', 1);
  const axis = given < 0 ? given + x.rank : given;
  if (axis === 0) return [ops.reshape(x, [1, -1])];
  const rest = size(x.shape.slice(axis));
  return [ops.reshape(x, [x.shape[0] === BATCH ? BATCH : size(x.shape.slice(0, axis)), rest])];
};

/** Axes are an attribute before opset 13, an input from then on. */
const axesOf = (job: NodeImport): readonly number[] | undefined => {
  if (job.has(1)) return job.numbers(1);
  return job.hasAttribute('axes') ? job.ints('axes') : undefined;
};

const squeeze: NativeOp = (job) => {
  const x = job.tensor(0);
  const axes =
    axesOf(job)?.map((axis) => normalizeAxis(axis, x.rank)) ?? x.shape.flatMap((dim, i) => (dim === 1 ? [i] : []));
  return [
    ops.reshape(
      x,
      x.shape.filter((_, i) => !axes.includes(i)),
    ),
  ];
};

const unsqueeze: NativeOp = (job) => {
  const x = job.tensor(0);
  const given = axesOf(job) ?? [];
  const rank = x.rank + given.length;
  const axes = given.map((axis) => normalizeAxis(axis, rank));
  const rest = [...x.shape];
  return [
    ops.reshape(
      x,
      Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)),
    ),
  ];
};

const transpose: NativeOp = (job) => {
  const x = job.tensor(0);
  return [
    ops.transpose(
      x,
      job.ints(
        'perm',
        x.shape.map((_, i) => x.rank - 1 - i),
      ),
    ),
  ];
};

const concat: NativeOp = (job) => {
  const parts = job.node.inputs.map((_, i) => job.tensor(i));
  if (parts.some(({ dtype }) => dtype !== parts[0].dtype)) return undefined;
  return [ops.concat(parts, normalizeAxis(job.int('axis', 1), parts[0].rank))];
};

const slice: NativeOp = (job) => {
  const x = job.tensor(0);
  if (job.opset >= 10 && ![1, 2, 3, 4].every((i) => !job.has(i) || 'array' in job.value(i))) return undefined;
  const given = (name: string, input: number, fallback: () => readonly number[]) => {
    if (job.opset < 10) return job.ints(name, fallback());
    return job.has(input) ? job.numbers(input) : fallback();
  };
  const starts = given('starts', 1, () => []);
  const ends = given('ends', 2, () => []);
  const axes = given('axes', 3, () => starts.map((_, i) => i)).map((axis) => normalizeAxis(axis, x.rank));
  const steps = given('steps', 4, () => starts.map(() => 1));
  if (steps.some((step) => step < 1)) return undefined;
  const [start, length, step]: number[][] = [x.shape.map(() => 0), [...x.shape], x.shape.map(() => 1)];
  for (const [i, axis] of axes.entries()) {
    const whole = x.shape[axis];
    if (whole < 0) {
      if (starts[i] === 0 && ends[i] > 2 ** 30 && steps[i] === 1) continue;
      return job.fail('cuts the batch, whose size is open');
    }
    const place = (at: number) => Math.min(whole, Math.max(0, at < 0 ? at + whole : at));
    const [from, to] = [place(starts[i]), place(ends[i])];
    if (to <= from) return undefined; // nothing is left
    [start[axis], length[axis], step[axis]] = [from, Math.ceil((to - from) / steps[i]), steps[i]];
  }
  return [ops.slice(x, start, length, step)];
};

const split: NativeOp = (job) => {
  const x = job.tensor(0);
  const axis = normalizeAxis(job.int('axis', 0), x.rank);
  const count = job.node.outputs.length;
  const even = Math.ceil(x.shape[axis] / count);
  const parts = job.node.outputs.map((_, i) => Math.min(even, x.shape[axis] - i * even));
  const sizes = job.has(1) ? job.numbers(1) : job.ints('split', parts);
  if (sizes.some((part) => part < 1)) return undefined;
  return ops.split(x, sizes, axis);
};

const expand: NativeOp = (job) => {
  const x = job.tensor(0);
  const target = job.numbers(1);
  if (x.dtype !== 'f32') return undefined;
  const rank = Math.max(x.rank, target.length);
  const own: Shape = [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const shape = own.map((dim, i) => {
    const wanted = target[i - rank + target.length] ?? 1;
    return wanted === 1 ? dim : wanted;
  });
  return [ops.expand(x, shape)];
};

const pad: NativeOp = (job) => {
  const x = job.tensor(0);
  const mode = job.text('mode', 'constant');
  if (mode !== 'constant' || x.dtype !== 'f32' || (job.opset >= 11 && !('array' in job.value(1)))) return undefined;
  const pads = job.opset < 11 ? job.ints('pads') : job.numbers(1);
  const value = job.opset < 11 ? job.float('value', 0) : job.has(2) ? job.numbers(2)[0] : 0;
  const axes = job.has(3) ? job.numbers(3).map((axis) => normalizeAxis(axis, x.rank)) : [...x.shape.keys()];
  if (pads.some((n) => n < 0)) return undefined;
  const sides = (offset: number) => x.shape.map((_, i) => (axes.includes(i) ? pads[axes.indexOf(i) + offset] : 0));
  return [ops.pad(x, sides(0), sides(axes.length), value)];
};

/** Blocks of channels and of space change places: [N,C,H,W] by reshape and transpose. */
const depthToSpace: NativeOp = (job) => {
  const x = job.tensor(0);
  const b = job.int('blocksize');
  const [n, c, h, w] = x.shape;
  const inner = c / (b * b);
  const crd = job.text('mode', 'DCR') === 'CRD';
  const parts = ops.reshape(x, crd ? [n, inner, b, b, h, w] : [n, b, b, inner, h, w]);
  const order = crd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return [ops.reshape(ops.transpose(parts, order), [n, inner, h * b, w * b])];
};

const spaceToDepth: NativeOp = (job) => {
  const x = job.tensor(0);
  const b = job.int('blocksize');
  const [n, c, h, w] = x.shape;
  const parts = ops.reshape(x, [n, c, h / b, b, w / b, b]);
  return [ops.reshape(ops.transpose(parts, [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b])];
};

const cast: NativeOp = (job) => {
  const x = job.tensor(0);
  const to = job.int('to');
  const floats: readonly number[] = [
    elementTypes.float,
    elementTypes.float16,
    elementTypes.double,
    elementTypes.bfloat16,
  ];
  if (!floats.includes(to)) return undefined;
  if (x.dtype === 'f32') return [x];
  return x.dtype === 'u8' && x.rank === 4 ? [ops.toFloat(x, { scale: [1] })] : undefined;
};

export const shapeOps: Readonly<Record<string, NativeOp>> = {
  Cast: cast,
  Concat: concat,
  DepthToSpace: depthToSpace,
  Expand: expand,
  Flatten: flatten,
  Pad: pad,
  Reshape: reshape,
  Slice: slice,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Squeeze: squeeze,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
