import {
  axisOf,
  constantFloat,
  countOf,
  fail,
  flag,
  flagOf,
  float,
  floatsOf,
  int,
  ints,
  like,
  map,
  numberOf,
  numbersOf,
  type Operands,
  type Operation,
  positions,
  scalar,
  shapeOf,
  stepsOf,
} from '../operation.js';

/** Groups of positions in x that are reduced together, in the order of the result. */
function groupsOf(shape: readonly number[], axes: readonly number[]): { outer: Int32Array; inner: Int32Array } {
  const steps = stepsOf(shape);
  const pick = (inside: boolean) => {
    const chosen = [...shape.keys()].filter((axis) => axes.includes(axis) === inside);
    return positions(
      chosen.map((axis) => shape[axis]),
      chosen.map((axis) => steps[axis]),
    );
  };
  return { outer: pick(false), inner: pick(true) };
}

const axesOf = (operands: Operands): number[] =>
  numbersOf(operands, 'axes').map((axis) => axisOf(axis, shapeOf(operands, 'x').length));

function reduction(reduce: (values: Float64Array) => number): Operation {
  return {
    parameters: { x: float, axes: ints, keep_dims: flag },
    infer(operands) {
      const shape = shapeOf(operands, 'x');
      const axes = axesOf(operands);
      if (new Set(axes).size < axes.length) fail(`axes ${axes} name one twice`);
      if (flagOf(operands, 'keep_dims')) {
        return like(
          operands,
          shape.map((length, i) => (axes.includes(i) ? 1 : length)),
        );
      }
      return like(
        operands,
        shape.filter((_, i) => !axes.includes(i)),
      );
    },
    run(operands) {
      const x = floatsOf(operands, 'x');
      const { outer, inner } = groupsOf(shapeOf(operands, 'x'), axesOf(operands));
      const values = new Float64Array(inner.length);
      return [
        Float32Array.from(outer, (start) => {
          for (let i = 0; i < inner.length; i++) values[i] = x[start + inner[i]];
          return reduce(values);
        }),
      ];
    },
  };
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b));

const softmax: Operation = {
  parameters: { x: float, axis: int },
  infer(operands) {
    axisOf(numberOf(operands, 'axis'), shapeOf(operands, 'x').length);
    return like(operands, shapeOf(operands, 'x'));
  },
  run(operands) {
    const x = floatsOf(operands, 'x');
    const shape = shapeOf(operands, 'x');
    const { outer, inner } = groupsOf(shape, [axisOf(numberOf(operands, 'axis'), shape.length)]);
    const y = new Float32Array(x.length);
    const values = new Float64Array(inner.length);
    for (const start of outer) {
      for (let i = 0; i < inner.length; i++) values[i] = x[start + inner[i]];
      const top = largest(values);
      for (let i = 0; i < inner.length; i++) values[i] = Math.exp(values[i] - top);
      const total = sum(values);
      for (let i = 0; i < inner.length; i++) y[start + inner[i]] = values[i] / total;
    }
    return [y];
  },
};

/** (x - mean) / √(variance + epsilon) of each group, times gamma, plus beta, which `channel` finds for a position. */
function normalized(
  operands: Operands,
  axes: readonly number[],
  channel: (outer: number, inner: number) => number,
): readonly Float32Array[] {
  const x = floatsOf(operands, 'x');
  const [gamma, beta] = [floatsOf(operands, 'gamma'), floatsOf(operands, 'beta')];
  const epsilon = numberOf(operands, 'epsilon');
  const { outer, inner } = groupsOf(shapeOf(operands, 'x'), axes);
  const y = new Float32Array(x.length);
  outer.forEach((start, group) => {
    let mean = 0;
    for (const offset of inner) mean += x[start + offset] / inner.length;
    let variance = 0;
    for (const offset of inner) variance += (x[start + offset] - mean) ** 2 / inner.length;
    const scale = 1 / Math.sqrt(variance + epsilon);
    inner.forEach((offset, i) => {
      const at = channel(group, i);
      y[start + offset] = (x[start + offset] - mean) * scale * gamma[at] + beta[at];
    });
  });
  return [y];
}

const layerNorm: Operation = {
  parameters: { x: float, axes: ints, gamma: constantFloat, beta: constantFloat, epsilon: scalar },
  infer(operands) {
    const shape = shapeOf(operands, 'x');
    const axes = axesOf(operands);
    for (const key of ['gamma', 'beta']) {
      const got = shapeOf(operands, key);
      if (got.join() !== axes.map((axis) => shape[axis]).join()) fail(`${key} [${got}] for axes ${axes} of [${shape}]`);
    }
    return like(operands, shape);
  },
  run: (operands) => normalized(operands, axesOf(operands), (_, inner) => inner),
};

const vector = { ...constantFloat, rank: [1] };

function expectChannels(operands: Operands, ...keys: string[]): void {
  const [, channels] = shapeOf(operands, 'x');
  for (const key of keys) {
    const [got] = shapeOf(operands, key);
    if (got !== channels) fail(`${key} has ${got} numbers for ${channels} channels`);
  }
}

const instanceNorm: Operation = {
  parameters: { x: map(3, 4), gamma: vector, beta: vector, epsilon: scalar },
  infer(operands) {
    expectChannels(operands, 'gamma', 'beta');
    return like(operands, shapeOf(operands, 'x'));
  },
  run(operands) {
    const [, channels, ...rest] = shapeOf(operands, 'x');
    const axes = rest.map((_, i) => i + 2);
    return normalized(operands, axes, (group) => group % channels);
  },
};

const batchNorm: Operation = {
  parameters: { x: map(3, 4, 5), mean: vector, variance: vector, gamma: vector, beta: vector, epsilon: scalar },
  infer(operands) {
    expectChannels(operands, 'mean', 'variance', 'gamma', 'beta');
    return like(operands, shapeOf(operands, 'x'));
  },
  run(operands) {
    const [, channels, ...rest] = shapeOf(operands, 'x');
    const [mean, variance, gamma, beta] = ['mean', 'variance', 'gamma', 'beta'].map((key) => floatsOf(operands, key));
    const epsilon = numberOf(operands, 'epsilon');
    const inner = countOf(rest);
    return [
      floatsOf(operands, 'x').map((x, i) => {
        const c = Math.floor(i / inner) % channels;
        return ((x - mean[c]) / Math.sqrt(variance[c] + epsilon)) * gamma[c] + beta[c];
      }),
    ];
  },
};

export const reductions = {
  reduce_sum: reduction(sum),
  reduce_mean: reduction((values) => sum(values) / values.length),
  reduce_max: reduction(largest),
  reduce_log_sum_exp: reduction((values) => {
    const top = largest(values);
    return top + Math.log(sum(values.map((value) => Math.exp(value - top))));
  }),
  softmax,
  layer_norm: layerNorm,
  instance_norm: instanceNorm,
  batch_norm: batchNorm,
} as const satisfies Record<string, Operation>;
