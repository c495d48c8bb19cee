import type { OnnxAttributes, OnnxDim, OnnxNode } from '../model.js';

/** What shape inference asks about a node's operands. */
export interface InferContext {
  readonly node: OnnxNode;
  /** Shapes of the inputs; empty where an optional one is left out. */
  readonly shapes: readonly (readonly OnnxDim[])[];
  /** Integers of a constant input. Throws when it is computed. */
  ints(input: number): readonly number[];
  has(input: number): boolean;
}

/** Something that the standard does not allow. The message says what, not where. */
export class Violation extends Error {}

type Infer = (context: InferContext) => readonly (readonly OnnxDim[])[];

const wrong = (message: string): never => {
  throw new Violation(message);
};
const show = (dims: readonly OnnxDim[]): string => `[${dims.map((dim) => dim ?? '?').join(', ')}]`;

export function intOf(attributes: OnnxAttributes, name: string, fallback: number): number {
  const attribute = attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
}

export function intsOf(attributes: OnnxAttributes, name: string): readonly number[] | undefined {
  const attribute = attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}

function axisOf(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) wrong(`axis ${axis} is outside of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

const sameDim = (a: OnnxDim, b: OnnxDim): boolean => a === undefined || b === undefined || a === b;

function expectDim(what: string, got: OnnxDim, needed: OnnxDim): void {
  if (!sameDim(got, needed)) wrong(`${what} is ${got}, needed ${needed}`);
}

function expectRank(what: string, shape: readonly OnnxDim[], ...ranks: number[]): void {
  if (!ranks.includes(shape.length))
    wrong(`${what} ${show(shape)} has rank ${shape.length}, needed ${ranks.join(' or ')}`);
}

const known = (dims: readonly OnnxDim[]): dims is readonly number[] => dims.every((dim) => typeof dim === 'number');
const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const sum = (dims: readonly number[]): number => dims.reduce((a, b) => a + b, 0);

function broadcast(shapes: readonly (readonly OnnxDim[])[]): OnnxDim[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    let result: OnnxDim = 1;
    for (const shape of shapes) {
      const at = i - rank + shape.length;
      const dim = at < 0 ? 1 : shape[at];
      if (dim === 1) continue;
      if (result === 1) result = dim;
      else if (!sameDim(result, dim)) wrong(`${shapes.map(show).join(' and ')} do not broadcast`);
      else result ??= dim;
    }
    return result;
  });
}

const same: Infer = ({ shapes }) => [shapes[0]];
const broadcasting: Infer = ({ shapes }) => [broadcast(shapes)];

/** Window positions along the spatial axes, as convolutions and pools have them. */
function positions({ node, shapes: [x] }: InferContext, kernel: readonly OnnxDim[]): OnnxDim[] {
  const axes = x.length - 2;
  const list = (name: string, fallback: number, length = axes) => {
    const values = intsOf(node.attributes, name) ?? new Array<number>(length).fill(fallback);
    if (values.length !== length) wrong(`${name} has ${values.length} numbers, needed ${length}`);
    if (values.some((value) => value < (name === 'pads' ? 0 : 1))) wrong(`${name} is [${values}]`);
    return values;
  };
  const [strides, dilations, pads] = [list('strides', 1), list('dilations', 1), list('pads', 0, 2 * axes)];
  const round = intOf(node.attributes, 'ceil_mode', 0) ? Math.ceil : Math.floor;
  return x.slice(2).map((size, i) => {
    const taps = kernel[i];
    if (typeof size !== 'number' || typeof taps !== 'number') return undefined;
    const room = size + pads[i] + pads[i + axes] - dilations[i] * (taps - 1) - 1;
    if (room < 0) wrong(`a kernel of ${taps} does not fit in ${size}`);
    return round(room / strides[i]) + 1;
  });
}

const conv: Infer = (context) => {
  const [x, w, bias] = context.shapes;
  expectRank('the image', x, 3, 4, 5);
  expectRank('the weight', w, x.length);
  const group = intOf(context.node.attributes, 'group', 1);
  const [outputs, perGroup, ...kernel] = w;
  if (typeof perGroup === 'number') expectDim('the number of input channels', x[1], perGroup * group);
  if (typeof outputs === 'number' && outputs % group)
    wrong(`${outputs} output channels are no multiple of ${group} groups`);
  const declared = intsOf(context.node.attributes, 'kernel_shape') ?? [];
  for (const [i, taps] of declared.entries()) expectDim('kernel_shape', taps, kernel[i]);
  if (context.has(2)) {
    expectRank('the bias', bias, 1);
    expectDim('the bias', bias[0], outputs);
  }
  return [[x[0], outputs, ...positions(context, kernel)]];
};

const pool: Infer = (context) => {
  const [x] = context.shapes;
  expectRank('the image', x, 3, 4, 5);
  const shape = [x[0], x[1], ...positions(context, intsOf(context.node.attributes, 'kernel_shape') ?? [])];
  return [shape, shape];
};

const gemm: Infer = ({ node, shapes: [a, b, c], has }) => {
  expectRank('a', a, 2);
  expectRank('b', b, 2);
  const [m, k] = intOf(node.attributes, 'transA', 0) ? [a[1], a[0]] : a;
  const [rows, n] = intOf(node.attributes, 'transB', 0) ? [b[1], b[0]] : b;
  expectDim('the inner size', rows, k);
  if (has(2)) {
    const whole = broadcast([[m, n], c]);
    if (!whole.every((dim, i) => sameDim(dim, [m, n][i]))) wrong(`c ${show(c)} does not broadcast to ${show([m, n])}`);
  }
  return [[m, n]];
};

const matmul: Infer = ({ shapes: [a, b] }) => {
  if (a.length < 2 || b.length < 2) return wrong(`${show(a)} and ${show(b)} are no matrices`);
  expectDim('the inner size', b.at(-2), a.at(-1));
  return [[...broadcast([a.slice(0, -2), b.slice(0, -2)]), a.at(-2), b.at(-1)]];
};

/** Operands from `first` on are vectors of the size of `axis`. */
const normalization =
  (axis: number, first = 1): Infer =>
  ({ shapes }) => {
    const [x, ...vectors] = shapes;
    for (const vector of vectors.slice(first - 1)) {
      expectRank('a vector of the norm', vector, 1);
      expectDim('a vector of the norm', vector[0], x.at(axis));
    }
    return [x, [x[1]], [x[1]]];
  };

const reduce: Infer = (context) => {
  const [x] = context.shapes;
  const { attributes } = context.node;
  const axes = (context.has(1) ? context.ints(1) : (intsOf(attributes, 'axes') ?? [...x.keys()])).map((axis) =>
    axisOf(axis, x.length),
  );
  const keep = intOf(attributes, 'keepdims', 1) === 1;
  return [keep ? x.map((dim, i) => (axes.includes(i) ? 1 : dim)) : x.filter((_, i) => !axes.includes(i))];
};

const reshape: Infer = ({ node, shapes: [x], ints }) => {
  const copies = intOf(node.attributes, 'allowzero', 0) === 0;
  const target = ints(1);
  if (target.filter((dim) => dim === -1).length > 1) wrong(`the shape [${target}] has two unknown sizes`);
  const shape: OnnxDim[] = target.map((dim, i) => (dim === 0 && copies ? x[i] : dim === -1 ? undefined : dim));
  const free = target.indexOf(-1);
  // Sizes that are copied cancel, so an open batch does not matter.
  const rest = (dims: readonly OnnxDim[], skip: (i: number) => boolean) => dims.filter((_, i) => !skip(i));
  const copied = (i: number) => target[i] === 0 && copies;
  const [have, want] = [rest(x, copied), rest(shape, (i) => copied(i) || i === free)];
  if (!known(have) || !known(want)) return [shape];
  const [from, to] = [product(have), product(want)];
  if (free < 0 ? from !== to : to === 0 || from % to) wrong(`${show(x)} does not fit [${target}]`);
  if (free >= 0) shape[free] = from / to;
  return [shape];
};

const flatten: Infer = ({ node, shapes: [x] }) => {
  const axis = axisOf(intOf(node.attributes, 'axis', 1), x.length + 1);
  const join = (dims: readonly OnnxDim[]) => (dims.length === 1 ? dims[0] : known(dims) ? product(dims) : undefined);
  return [[join(x.slice(0, axis)), join(x.slice(axis))]];
};

const transpose: Infer = ({ node, shapes: [x] }) => {
  const perm = intsOf(node.attributes, 'perm') ?? [...x.keys()].reverse();
  if ([...perm].sort((a, b) => a - b).join() !== [...x.keys()].join())
    wrong(`perm [${perm}] is no order of ${show(x)}`);
  return [perm.map((axis) => x[axis])];
};

const concat: Infer = ({ node, shapes }) => {
  const [first] = shapes;
  const axis = axisOf(intOf(node.attributes, 'axis', 0), first.length);
  for (const shape of shapes) {
    const fits = shape.length === first.length && shape.every((dim, i) => i === axis || sameDim(dim, first[i]));
    if (!fits) wrong(`${shapes.map(show).join(' and ')} differ beside axis ${axis}`);
  }
  const along = shapes.map((shape) => shape[axis]);
  const total = known(along) ? sum(along) : undefined;
  return [first.map((dim, i) => (i === axis ? total : dim))];
};

const slice: Infer = ({ shapes: [x], ints, has }) => {
  const [starts, ends] = [ints(1), ints(2)];
  const axes = has(3) ? ints(3) : [...starts.keys()];
  const steps = has(4) ? ints(4) : starts.map(() => 1);
  const shape = [...x];
  axes.forEach((given, i) => {
    const axis = axisOf(given, x.length);
    const size = x[axis];
    if (typeof size !== 'number') return;
    const [step, backward] = [steps[i], steps[i] < 0];
    if (step === 0) wrong('a step is 0');
    const place = (at: number) =>
      Math.min(backward ? size - 1 : size, Math.max(backward ? -1 : 0, at < 0 ? at + size : at));
    shape[axis] = Math.max(0, Math.ceil((place(ends[i]) - place(starts[i])) / step));
    if (shape[axis] === 0) wrong(`nothing is left of axis ${axis} of ${show(x)}`);
  });
  return [shape];
};

const split: Infer = ({ node, shapes: [x], ints, has }) => {
  const axis = axisOf(intOf(node.attributes, 'axis', 0), x.length);
  const size = x[axis];
  const count = node.outputs.length;
  const sizes: readonly OnnxDim[] = has(1)
    ? ints(1)
    : node.outputs.map(() => (typeof size === 'number' ? size / count : undefined));
  if (sizes.length !== count) wrong(`${sizes.length} sizes for ${count} outputs`);
  if (known(sizes)) expectDim('the sum of the parts', sum(sizes), size);
  return sizes.map((part) => x.map((dim, i) => (i === axis ? part : dim)));
};

const pad: Infer = ({ shapes: [x], ints }) => {
  const pads = ints(1);
  if (pads.length !== 2 * x.length) wrong(`${pads.length} pads for ${show(x)}`);
  return [
    x.map((dim, i) =>
      pads[i] + pads[i + x.length] === 0
        ? dim
        : typeof dim === 'number'
          ? dim + pads[i] + pads[i + x.length]
          : undefined,
    ),
  ];
};

const resize: Infer = ({ node, shapes: [x, , scales], ints, has }) => {
  const axes = intsOf(node.attributes, 'axes') ?? [...x.keys()];
  if (has(2) === has(3)) wrong('either scales or sizes must be given');
  if (!has(3)) {
    expectDim('the number of scales', scales[0], axes.length);
    return [x.map((dim, i) => (axes.includes(i) ? undefined : dim))];
  }
  const sizes = ints(3);
  if (sizes.length !== axes.length) wrong(`${sizes.length} sizes for ${axes.length} axes`);
  return [x.map((dim, i) => (axes.includes(i) ? sizes[axes.indexOf(i)] : dim))];
};

const expand: Infer = ({ shapes: [x], ints }) => [broadcast([x, ints(1)])];

const inAxis: Infer = ({ node, shapes: [x] }) => {
  axisOf(intOf(node.attributes, 'axis', -1), x.length);
  return [x];
};

const layerNorm: Infer = ({ node, shapes: [x, ...vectors] }) => {
  const axis = axisOf(intOf(node.attributes, 'axis', -1), x.length);
  for (const vector of vectors) {
    if (!vector.every((dim, i) => sameDim(dim, x.slice(axis)[i])))
      wrong(`a vector ${show(vector)} for ${show(x)} from axis ${axis} on`);
  }
  return [x];
};

const prelu: Infer = ({ shapes: [x, slope] }) => {
  const whole = broadcast([x, slope]);
  if (!whole.every((dim, i) => sameDim(dim, x[i])) || whole.length !== x.length)
    wrong(`the slope ${show(slope)} does not broadcast to ${show(x)}`);
  return [x];
};

/** Shapes of the outputs by type of the node. */
export const inferences: Readonly<Record<string, Infer>> = {
  Abs: same,
  Add: broadcasting,
  AveragePool: pool,
  BatchNormalization: normalization(1),
  Cast: same,
  Clip: same,
  Concat: concat,
  Conv: conv,
  Div: broadcasting,
  Erf: same,
  Exp: same,
  Expand: expand,
  Flatten: flatten,
  Gelu: same,
  Gemm: gemm,
  GlobalAveragePool: ({ shapes: [x] }) => [[x[0], x[1], ...x.slice(2).map(() => 1)]],
  GroupNormalization: normalization(1),
  HardSigmoid: same,
  HardSwish: same,
  InstanceNormalization: normalization(1),
  LayerNormalization: layerNorm,
  LeakyRelu: same,
  Log: same,
  LogSoftmax: inAxis,
  MatMul: matmul,
  Max: broadcasting,
  MaxPool: pool,
  Min: broadcasting,
  Mul: broadcasting,
  Neg: same,
  PRelu: prelu,
  Pad: pad,
  Reciprocal: same,
  ReduceMean: reduce,
  ReduceSum: reduce,
  Relu: same,
  Reshape: reshape,
  Resize: resize,
  Sigmoid: same,
  Sign: same,
  Slice: slice,
  Softmax: inAxis,
  Split: split,
  Sqrt: same,
  Sub: broadcasting,
  Tanh: same,
  Transpose: transpose,
};
