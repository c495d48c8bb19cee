import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupNorm, groupNormOp } from '../../src/ops/group-norm.js';
import { apply } from '../../src/ops/op.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { describeOp, type OpCase, type Operand } from '../support/describe-op.js';

function grouped(x: Shape | Operand, groups: number, eps = 1e-5): OpCase {
  const shape = 'shape' in x ? x.shape : x;
  return {
    title: `[${shape}] in ${groups} groups, eps ${eps}`,
    inputs: { x, gamma: { shape: [shape[1]], values: (random) => random.uniform(-2, 2) }, beta: [shape[1]] },
    build: ({ x, gamma, beta }) => apply(groupNormOp, [x, gamma, beta], { groups, eps }),
    differentiable: 1,
  };
}

describeOp(
  'groupNorm',
  [
    grouped([2, 8, 3, 3], 1),
    grouped([2, 8, 3, 3], 2),
    grouped([3, 6, 4, 5], 3),
    grouped([2, 5, 4, 3], 5),
    grouped([1, 7, 1, 1], 1, 0.1),
    grouped([4, 12, 2, 2], 4),
    { ...grouped([2, 20, 48, 40], 1), smooth: false },
    { ...grouped({ shape: [1, 3, 90, 80], values: (random) => 0.5 + random.uniform() }, 1), smooth: false },
    {
      ...grouped({ shape: [2, 8, 8, 8], values: (random) => 1000 + random.uniform() }, 2),
      title: 'mean far above the deviation',
      tolerance: 2e-3,
    },
  ],
  {
    arbitrary: fc
      .tuple(fc.nat(2), fc.constantFrom(1, 2, 4, 5), fc.constantFrom(1, 2, 3), fc.nat(6), fc.nat(6))
      .filter(([, width, , h, w]) => width * (h + 1) * (w + 1) > 2)
      .map(([n, width, groups, h, w]) => grouped([n + 1, width * groups, h + 1, w + 1], groups, 1e-3)),
    runs: 8,
  },
);

test('channels must divide by the groups', () => {
  const [x, c] = [input('x', [1, 6, 2, 2]), input('c', [6])];
  expect(() => groupNorm(x, c, c, { groups: 4 })).toThrow('groupNorm got 6 channels and groups=4');
});
