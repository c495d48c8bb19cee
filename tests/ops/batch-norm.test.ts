import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchNorm, batchNormApplyOp, batchNormInference, type FusedActivation } from '../../src/ops/batch-norm.js';
import { sub } from '../../src/ops/binary.js';
import { apply } from '../../src/ops/op.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { images } from '../support/arbitrary.js';
import { describeOp, type OpCase, type Operand } from '../support/describe-op.js';

const activations = ['none', 'relu', 'relu6'] as const satisfies readonly FusedActivation[];

/** Large enough that relu6 saturates for some elements. */
const scales = (channels: number): Operand => ({ shape: [channels], values: (random) => random.uniform(-4, 4) });
const statistics = (channels: number, low: number, high: number): Operand => ({
  shape: [channels],
  values: (random) => random.uniform(low, high),
  differentiable: false,
});

function training(x: Shape | Operand, activation: FusedActivation, momentum = 0.1, eps = 1e-5): OpCase {
  const shape = 'shape' in x ? x.shape : x;
  return {
    title: `[${shape}] ${activation} momentum ${momentum} eps ${eps}`,
    inputs: {
      x,
      gamma: scales(shape[1]),
      beta: [shape[1]],
      runningMean: statistics(shape[1], -1, 1),
      runningVar: statistics(shape[1], 0.5, 2),
    },
    build: ({ x, gamma, beta, runningMean, runningVar }) => {
      const result = batchNorm(x, gamma, beta, runningMean, runningVar, { eps, momentum, activation });
      return [result.y, result.mean, result.rstd, result.runningMean, result.runningVar];
    },
    differentiable: 1,
  };
}

function inference(shape: Shape, activation: FusedActivation, frozen = false): OpCase {
  return {
    title: `[${shape}] ${activation}${frozen ? ' frozen' : ''}`,
    inputs: {
      x: shape,
      gamma: { ...scales(shape[1]), differentiable: !frozen },
      beta: { shape: [shape[1]], differentiable: !frozen },
      mean: statistics(shape[1], -1, 1),
      variance: statistics(shape[1], 0.5, 2),
    },
    build: ({ x, gamma, beta, mean, variance }) =>
      batchNormInference(x, gamma, beta, mean, variance, { eps: 1e-3, activation }),
  };
}

/** The same operands, normalised once more with the saved statistics: the difference is 0, bit for bit. */
function saved(shape: Shape, activation: FusedActivation): OpCase {
  const fixed = (shape: Shape): Operand => ({ shape, differentiable: false });
  return {
    title: `[${shape}] ${activation} with saved statistics`,
    inputs: {
      x: { shape, values: (random) => 3 + random.uniform(-2, 2), differentiable: false },
      gamma: { ...scales(shape[1]), differentiable: false },
      beta: fixed([shape[1]]),
      runningMean: statistics(shape[1], -1, 1),
      runningVar: statistics(shape[1], 0.5, 2),
    },
    build({ x, gamma, beta, runningMean, runningVar }) {
      const { y, mean, rstd } = batchNorm(x, gamma, beta, runningMean, runningVar, { activation });
      const [again] = apply(batchNormApplyOp, [x, gamma, beta, mean, rstd], { activation });
      return [again, sub(again, y)];
    },
  };
}

const activation = fc.constantFrom(...activations);
const several = images().filter(([n, , h, w]) => n * h * w > 2);

describeOp(
  'batchNorm',
  [
    ...activations.map((kind) => training([2, 5, 4, 3], kind)),
    training([4, 17, 1, 1], 'relu'),
    training([1, 3, 5, 5], 'relu6'),
    training([1, 1, 2, 1], 'none', 0.1, 0.1),
    training([6, 10], 'none', 0.3),
    training([5, 3], 'relu'),
    training([2, 32, 16, 10], 'relu6'),
    training([3, 4, 40, 20], 'none'),
    { ...training([2, 3, 6, 6], 'none', 1), title: 'momentum 1 replaces the running statistics' },
    {
      ...training({ shape: [4, 3, 8, 8], values: (random) => 1000 + random.uniform() }, 'relu'),
      title: 'mean far above the deviation: E[x²] − E[x]² would lose everything',
      tolerance: 2e-3,
    },
  ],
  { arbitrary: fc.tuple(several, activation).map(([shape, kind]) => training(shape, kind)) },
);

describeOp(
  'batchNormInference',
  [
    ...activations.map((kind) => inference([2, 5, 4, 3], kind)),
    inference([1, 17, 1, 1], 'relu'),
    inference([3, 4], 'relu6'),
    inference([2, 8, 5, 5], 'relu', true),
  ],
  { arbitrary: fc.tuple(images(), activation).map(([shape, kind]) => inference(shape, kind)) },
);

describeOp(
  'batchNormApply',
  [
    ...activations.map((kind) => saved([2, 5, 4, 3], kind)),
    saved([4, 17, 1, 1], 'relu'),
    saved([6, 10], 'none'),
    saved([3, 4, 40, 20], 'relu6'),
  ],
  { arbitrary: fc.tuple(several, activation).map(([shape, kind]) => saved(shape, kind)) },
);

test('the running variance takes the unbiased variance', () => {
  const names = ['gamma', 'beta', 'mean', 'variance'];
  const [gamma, beta, mean, variance] = names.map((name) => input(name, [1]));
  const x = input('x', [2, 1, 1, 2]);
  const { runningMean, runningVar } = batchNorm(x, gamma, beta, mean, variance);
  const one = array([1], [1]);
  const feeds = new Map([
    [x, array(x.shape, [1, 2, 3, 6])],
    ...[gamma, beta, mean, variance].map((tensor) => [tensor, one] as const),
  ]);
  const [m, v] = evaluate([runningMean, runningVar], feeds);
  expect(m.data[0]).toBeCloseTo(0.9 + 0.1 * 3, 12);
  expect(v.data[0]).toBeCloseTo(0.9 + (0.1 * 14) / 3, 12);
});

test('one value a channel has no variance', () => {
  const [x, c] = [input('x', [1, 3, 1, 1]), input('c', [3])];
  expect(() => batchNorm(x, c, c, c, c)).toThrow('batchNorm got 1 value per channel');
});
