import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { type LayerNormAttrs, layerNorm, layerNormAxis, layerNormOp } from '../../src/ops/layer-norm.js';
import { apply } from '../../src/ops/op.js';
import { sum } from '../../src/ops/reduce.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { images, shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase, type Operand } from '../support/describe-op.js';

function along(x: Shape | Operand, epsilonOf: LayerNormAttrs['epsilonOf'] = 'variance', eps = 1e-5): OpCase {
  const shape = 'shape' in x ? x.shape : x;
  const channels = shape[layerNormAxis(shape.length)];
  return {
    title: `[${shape}] eps ${eps} of the ${epsilonOf}`,
    inputs: { x, gamma: { shape: [channels], values: (random) => random.uniform(-2, 2) }, beta: [channels] },
    build: ({ x, gamma, beta }) => apply(layerNormOp, [x, gamma, beta], { eps, epsilonOf }),
    differentiable: 1,
  };
}

/** Two values or fewer are ±1 after the norm: their gradient is all cancellation. */
const wide = (shape: readonly number[]): boolean => shape[layerNormAxis(shape.length)] > 2;
const epsilonOf = fc.constantFrom('variance', 'deviation' as const);

describeOp(
  'layerNorm',
  [
    along([3, 8]),
    along([2, 5, 17]),
    along([700, 12]),
    along([1, 1, 1025]),
    along([5, 1], 'variance', 0.1),
    along([2, 12, 3, 5]),
    along([2, 7, 4, 3], 'deviation'),
    along([3, 24, 2, 2], 'deviation', 0.5),
    along([1, 16, 40, 30]),
    {
      ...along({ shape: [4, 64], values: (random) => 1000 + random.uniform() }),
      title: 'mean far above the deviation',
      tolerance: 2e-3,
    },
  ],
  {
    arbitrary: fc
      .tuple(fc.oneof(shapes(2, 3), images()).filter(wide), epsilonOf)
      .map(([shape, kind]) => along(shape, kind, 1e-3)),
    runs: 8,
  },
);

test('a row without deviation gives beta and a finite gradient', () => {
  const [x, gamma, beta] = [input('x', [1, 4, 1, 1]), input('gamma', [4]), input('beta', [4])];
  const feeds = new Map([
    [x, array(x.shape, [2, 2, 2, 2])],
    [gamma, array([4], [1, 2, 3, 4])],
    [beta, array([4], [5, 6, 7, 8])],
  ]);
  const y = layerNorm(x, gamma, beta, { epsilonOf: 'deviation' });
  const [value, grad] = evaluate([y, gradients(sum(y), [x])[0]], feeds);
  expect([...value.data]).toEqual([5, 6, 7, 8]);
  expect([...grad.data].every(Number.isFinite)).toBe(true);
});

test('shapes that do not fit are named', () => {
  const [c, x] = [input('c', [3]), input('x', [2, 4, 5])];
  expect(() => layerNorm(x, c, c)).toThrow('layerNorm got gamma [3], but needs [5]');
  expect(() => layerNorm(input('x', [3]), c, c)).toThrow('of rank 1');
  const statistic = apply(layerNormOp, [input('x', [2, 3]), c, c], { eps: 0, epsilonOf: 'variance' })[1];
  expect(() => gradients(sum(statistic), [c])).toThrow('layerNorm has a gradient for y only');
});
