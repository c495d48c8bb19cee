import { test } from 'vitest';
import { batchNorm, batchNormInference, type FusedActivation } from '../../../src/ops/batch-norm.js';
import { crossEntropy } from '../../../src/ops/cross-entropy.js';
import { maxPool2d } from '../../../src/ops/max-pool2d.js';
import { prelu } from '../../../src/ops/prelu.js';
import { mean, type ReduceOptions, sum } from '../../../src/ops/reduce.js';
import { resize2d } from '../../../src/ops/resize2d.js';
import { logSoftmax, softmax } from '../../../src/ops/softmax.js';
import { topKCorrect } from '../../../src/ops/top-k-correct.js';
import type { Shape } from '../../../src/tensor/shape.js';
import { checkOp, type OpCase, type Operand } from '../../support/describe-op.js';

// Shapes that reach each path of a kernel: several slabs, two stages, one lane or 64 lanes across, scalar lanes.

const between = (shape: Shape, low: number, high: number, differentiable = true): Operand => ({
  shape,
  values: (random) => random.uniform(low, high),
  differentiable,
});

// Central differences of so many elements take minutes: the gradients are compared with the reference only.
const large = { smooth: false } as const;

function norm(seam: string, x: Shape, activation: FusedActivation = 'none', offset = 0): OpCase {
  const channel = [x[1]];
  return {
    title: `batch norm, ${seam}: [${x}] ${activation}`,
    inputs: {
      x: between(x, offset - 2, offset + 2),
      gamma: between(channel, 0.5, 2),
      beta: channel,
      runningMean: between(channel, -1, 1, false),
      runningVar: between(channel, 0.5, 2, false),
    },
    build: ({ x, gamma, beta, runningMean, runningVar }) =>
      batchNorm(x, gamma, beta, runningMean, runningVar, { activation }).y,
    ...large,
  };
}

const fixed = (seam: string, x: Shape, activation: FusedActivation): OpCase => ({
  title: `batch norm with given statistics, ${seam}: [${x}] ${activation}`,
  inputs: {
    x,
    gamma: between([x[1]], 0.5, 2),
    beta: [x[1]],
    mean: between([x[1]], -1, 1, false),
    variance: between([x[1]], 0.5, 2, false),
  },
  build: ({ x, gamma, beta, mean, variance }) => batchNormInference(x, gamma, beta, mean, variance, { activation }),
  ...large,
});

const reduction = (seam: string, x: Shape, options: ReduceOptions, f = mean): OpCase => ({
  title: `${f.name}, ${seam}: [${x}] ${JSON.stringify(options)}`,
  inputs: { x },
  build: ({ x }) => f(x, options),
  ...large,
});

function loss(seam: string, logits: Shape, soft = false, weighted = false): OpCase {
  const classes = logits[1];
  const places = logits.filter((_, axis) => axis !== 1);
  const labels: Operand = {
    shape: places,
    dtype: 'i32',
    values: (_, i) => (i % 7 === 3 ? -1 : (i * 31) % classes),
    differentiable: false,
  };
  return {
    title: `cross entropy, ${seam}: [${logits}]${soft ? ' soft' : ''}${weighted ? ' weighted' : ''}`,
    inputs: {
      logits: between(logits, -8, 8),
      target: soft ? between(logits, 0, 1, false) : labels,
      weight: between([classes], 0.2, 2, false),
    },
    build: ({ logits, target, weight }) =>
      crossEntropy(logits, target, { labelSmoothing: 0.1, weight: weighted ? weight : undefined }),
    ...large,
  };
}

const along = (seam: string, x: Shape, axis: number, f = softmax): OpCase => ({
  title: `${f.name}, ${seam}: [${x}] axis ${axis}`,
  inputs: { x: between(x, -6, 6) },
  build: ({ x }) => f(x, axis),
  ...large,
});

test.each(
  [
    norm('one lane across', [3, 4, 40, 41], 'relu'),
    norm('one scalar lane', [5, 1, 37, 41], 'relu6'),
    norm('many slabs', [4, 8, 96, 97], 'relu'),
    norm('many slabs of scalars', [2, 17, 65, 63]),
    norm('several blocks of channels', [2, 300, 12, 13], 'relu6'),
    norm('64 lanes across', [40, 1024]),
    norm('idle lanes', [3, 36, 15, 15]),
    // x is normalised with the mean that is saved: half a unit in the last place of 300 is 1.5e-5.
    { ...norm('a mean far from zero', [4, 12, 33, 31], 'none', 300), tolerance: 3e-5 },
    fixed('many slabs', [2, 16, 64, 65], 'relu'),
    fixed('scalars', [2, 5, 64, 65], 'relu6'),
    reduction('two stages to one number', [2, 3, 130, 131], {}),
    reduction('two stages to channels', [3, 20, 65, 66], { axes: [0, 2, 3] }, sum),
    reduction('two stages to odd channels', [3, 7, 65, 66], { axes: [0, 2, 3] }),
    reduction('one stage to maps', [2, 32, 7, 7], { axes: [2, 3] }),
    reduction('over the fast axis', [700, 3], { axes: 1 }),
    reduction('over a long fast axis', [5, 5000], { axes: 1 }),
    reduction('three groups of axes', [3, 4, 5, 6, 7], { axes: [0, 2, 4] }),
    loss('many classes', [33, 1000]),
    loss('two classes', [300, 2], false, true),
    loss('many places', [2, 21, 70, 71], false, true),
    loss('probabilities', [2, 19, 33, 34], true, true),
    loss('classes that are not the fast axis', [2, 30, 500]),
    along('a long fast axis', [3, 3000], 1),
    along('lines side by side', [2, 12, 50, 9], 2, logSoftmax),
    along('a slow axis', [70, 130], 0),
    {
      title: 'overlapping windows of ties',
      inputs: { x: { shape: [2, 8, 29, 31], values: (random) => Math.round(random.uniform(-2, 2)) } },
      build: ({ x }) => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
      ...large,
    } satisfies OpCase,
    {
      title: 'slopes of two stages',
      inputs: { x: [2, 12, 65, 66], slope: between([12], 0, 0.5) },
      build: ({ x, slope }) => prelu(x, slope),
      ...large,
    } satisfies OpCase,
    {
      title: 'one slope for all',
      inputs: { x: [2, 5, 65, 66], slope: between([1], 0, 0.5) },
      build: ({ x, slope }) => prelu(x, slope),
      ...large,
    } satisfies OpCase,
    {
      title: 'enlarged and squeezed',
      inputs: { x: [2, 8, 11, 40] },
      build: ({ x }) => resize2d(x, { size: [45, 13] }),
      ...large,
    } satisfies OpCase,
    {
      title: 'ranks of many samples',
      inputs: {
        logits: {
          shape: [600, 300],
          values: (random) => Math.round(random.uniform(-9, 9)),
          differentiable: false,
        },
        target: { shape: [600], dtype: 'i32', values: (_, i) => (i * 17) % 300, differentiable: false },
      },
      build: ({ logits, target }) => topKCorrect(logits, target, { k: [1, 5, 100] }),
      differentiable: 0,
    } satisfies OpCase,
  ].map((each) => [each.title, each] as const),
)('%s', { timeout: 120_000 }, (_, each) => checkOp(each));
