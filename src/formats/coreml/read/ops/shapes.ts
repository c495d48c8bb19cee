import {
  axisOf,
  countOf,
  expectLength,
  fail,
  flag,
  flagOf,
  flags,
  flagsOf,
  float,
  floatsOf,
  int,
  ints,
  like,
  numberOf,
  numbersOf,
  type Operands,
  type Operation,
  positions,
  scalar,
  shapeOf,
  stepsOf,
  word,
  wordOf,
} from '../operation.js';

const reshape: Operation = {
  parameters: { x: float, shape: ints },
  infer(operands) {
    const [from, to] = [shapeOf(operands, 'x'), numbersOf(operands, 'shape')];
    if (to.some((length) => length < 1)) fail(`shape ${to} leaves sizes open`);
    if (countOf(from) !== countOf(to)) fail(`[${from}] has ${countOf(from)} elements, [${to}] ${countOf(to)}`);
    return like(operands, to);
  },
  run: (operands) => [floatsOf(operands, 'x')],
};

const transpose: Operation = {
  parameters: { x: float, perm: ints },
  infer(operands) {
    const shape = shapeOf(operands, 'x');
    const order = numbersOf(operands, 'perm');
    expectLength('perm', order, shape.length);
    const axes = order.map((axis) => axisOf(axis, shape.length));
    if (new Set(axes).size < axes.length) fail(`perm ${order} names an axis twice`);
    return like(
      operands,
      axes.map((axis) => shape[axis]),
    );
  },
  run(operands, [{ shape }]) {
    const x = floatsOf(operands, 'x');
    const from = shapeOf(operands, 'x');
    const steps = stepsOf(from);
    const order = numbersOf(operands, 'perm').map((axis) => steps[axisOf(axis, from.length)]);
    return [Float32Array.from(positions(shape, order), (at) => x[at])];
  },
};

const concat: Operation = {
  parameters: { values: { ...float, list: true }, axis: int, interleave: flag },
  infer({ values, axis: [{ data }], ...rest }) {
    const [first] = values;
    const axis = axisOf(data![0] as number, first.shape.length);
    if (flagOf(rest, 'interleave')) fail('interleave is not known here');
    for (const { shape } of values) {
      if (shape.length !== first.shape.length || shape.some((length, i) => i !== axis && length !== first.shape[i])) {
        fail(`[${shape}] does not fit to [${first.shape}] along axis ${axis}`);
      }
    }
    const total = values.reduce((sum, { shape }) => sum + shape[axis], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((length, i) => (i === axis ? total : length)) }];
  },
  run(operands, [{ shape }]) {
    const axis = axisOf(numberOf(operands, 'axis'), shape.length);
    const outer = countOf(shape.slice(0, axis));
    const y = new Float32Array(countOf(shape));
    let at = 0;
    for (let i = 0; i < outer; i++) {
      for (const { data } of operands.values) {
        const all = data as Float32Array;
        const length = all.length / outer;
        y.set(all.subarray(i * length, (i + 1) * length), at);
        at += length;
      }
    }
    return [y];
  },
};

/** First element and count along each axis. */
function rangesOf(operands: Operands): { start: number[]; shape: number[]; stride: number[] } {
  const from = shapeOf(operands, 'x');
  const [begin, end, stride] = ['begin', 'end', 'stride'].map((key) => numbersOf(operands, key));
  const [open, toEnd, squeeze] = ['begin_mask', 'end_mask', 'squeeze_mask'].map((key) => flagsOf(operands, key));
  for (const values of [begin, end, stride, open, toEnd, squeeze])
    expectLength('a list of slice_by_index', values, from.length);
  if (squeeze.some(Boolean)) fail('squeeze_mask is not known here');
  if (stride.some((step) => step < 1)) fail(`stride is ${stride}`);
  const inside = (value: number, length: number) => (value < 0 ? value + length : value);
  const start = begin.map((value, i) => (open[i] ? 0 : inside(value, from[i])));
  const stop = end.map((value, i) => (toEnd[i] ? from[i] : inside(value, from[i])));
  const shape = start.map((first, i) => Math.ceil((stop[i] - first) / stride[i]));
  if (start.some((first, i) => first < 0 || stop[i] > from[i] || shape[i] < 1)) fail(`${begin} to ${end} of [${from}]`);
  return { start, shape, stride };
}

const slice: Operation = {
  parameters: {
    x: float,
    begin: ints,
    end: ints,
    stride: ints,
    begin_mask: flags,
    end_mask: flags,
    squeeze_mask: flags,
  },
  infer: (operands) => like(operands, rangesOf(operands).shape),
  run(operands) {
    const x = floatsOf(operands, 'x');
    const { start, shape, stride } = rangesOf(operands);
    const steps = stepsOf(shapeOf(operands, 'x'));
    const first = start.reduce((sum, value, i) => sum + value * steps[i], 0);
    const strided = steps.map((step, i) => step * stride[i]);
    return [Float32Array.from(positions(shape, strided, first), (at) => x[at])];
  },
};

const split: Operation = {
  parameters: { x: float, split_sizes: ints, axis: int },
  infer(operands) {
    const [shape, sizes] = [shapeOf(operands, 'x'), numbersOf(operands, 'split_sizes')];
    const axis = axisOf(numberOf(operands, 'axis'), shape.length);
    const total = sizes.reduce((a, b) => a + b, 0);
    if (total !== shape[axis] || sizes.some((size) => size < 1)) fail(`${sizes} do not make up ${shape[axis]}`);
    const { dtype } = operands.x[0];
    return sizes.map((size) => ({ dtype, shape: shape.map((length, i) => (i === axis ? size : length)) }));
  },
  run(operands, results) {
    const x = floatsOf(operands, 'x');
    const from = shapeOf(operands, 'x');
    const axis = axisOf(numberOf(operands, 'axis'), from.length);
    const steps = stepsOf(from);
    let before = 0;
    return results.map(({ shape }) => {
      const part = Float32Array.from(positions(shape, steps, before * steps[axis]), (at) => x[at]);
      before += shape[axis];
      return part;
    });
  },
};

/** Pairs of numbers for the last axes; earlier ones stay. */
function paddingOf(operands: Operands): number[][] {
  const rank = shapeOf(operands, 'x').length;
  const pad = numbersOf(operands, 'pad');
  if (pad.length % 2 || pad.length > 2 * rank || pad.some((value) => value < 0)) fail(`pad is ${pad}`);
  const axes = pad.length / 2;
  return Array.from({ length: rank }, (_, i) =>
    i < rank - axes ? [0, 0] : pad.slice(2 * (i - rank + axes)).slice(0, 2),
  );
}

const pad: Operation = {
  parameters: { x: float, pad: ints, mode: word, constant_val: scalar },
  infer(operands) {
    if (wordOf(operands, 'mode') !== 'constant') fail(`mode ${wordOf(operands, 'mode')} is not known here`);
    const padding = paddingOf(operands);
    return like(
      operands,
      shapeOf(operands, 'x').map((length, i) => length + padding[i][0] + padding[i][1]),
    );
  },
  run(operands, [{ shape }]) {
    const x = floatsOf(operands, 'x');
    const steps = stepsOf(shape);
    const start = paddingOf(operands).reduce((sum, [before], i) => sum + before * steps[i], 0);
    const y = new Float32Array(countOf(shape)).fill(numberOf(operands, 'constant_val'));
    positions(shapeOf(operands, 'x'), steps, start).forEach((at, i) => {
      y[at] = x[i];
    });
    return [y];
  },
};

const tile: Operation = {
  parameters: { x: float, reps: ints },
  infer(operands) {
    const [shape, reps] = [shapeOf(operands, 'x'), numbersOf(operands, 'reps')];
    expectLength('reps', reps, shape.length);
    if (reps.some((count) => count < 1)) fail(`reps is ${reps}`);
    return like(
      operands,
      shape.map((length, i) => length * reps[i]),
    );
  },
  run(operands, [{ shape }]) {
    const x = floatsOf(operands, 'x');
    const from = shapeOf(operands, 'x');
    const steps = stepsOf(from);
    const within = stepsOf(shape);
    const y = new Float32Array(countOf(shape));
    for (let i = 0; i < y.length; i++) {
      let at = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        at += (Math.floor(i / within[axis]) % from[axis]) * steps[axis];
      }
      y[i] = x[at];
    }
    return [y];
  },
};

export const shapes = {
  reshape,
  transpose,
  concat,
  slice_by_index: slice,
  split,
  pad,
  tile,
} as const satisfies Record<string, Operation>;
