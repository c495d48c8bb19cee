import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transpose } from '../../src/ops/transpose.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const permuted = (x: Shape, order: readonly number[]): OpCase => ({
  title: `[${x}] by ${order}`,
  inputs: { x },
  build: ({ x }) => transpose(x, order),
  tolerance: 0,
});

const random = shapes(1, 5).chain((x) =>
  fc
    .shuffledSubarray(
      x.map((_, i) => i),
      { minLength: x.length },
    )
    .map((order) => permuted(x, order)),
);

describeOp(
  'transpose',
  [
    permuted([3, 5], [1, 0]),
    permuted([33, 65], [1, 0]),
    permuted([2, 5, 4, 3], [0, 2, 3, 1]),
    permuted([2, 5, 4, 3], [0, 3, 1, 2]),
    permuted([2, 5, 4, 3], [3, 2, 1, 0]),
    permuted([2, 5, 4, 3], [0, 1, 3, 2]),
    permuted([1, 17, 1, 4], [1, 0, 3, 2]),
    permuted([2, 3, 4], [2, 0, 1]),
    permuted([2, 3, 2, 4, 2], [4, 1, 3, 0, 2]),
    permuted([2, 3, 1, 2, 2, 3], [5, 4, 3, 2, 1, 0]),
    permuted([7], [0]),
    {
      title: 'integers',
      inputs: { x: { shape: [2, 3, 4, 5], dtype: 'i32', values: (random) => random.integer(2 ** 31) } },
      build: ({ x }) => transpose(x, [0, 2, 1, 3]),
      differentiable: 0,
    },
  ],
  { arbitrary: random },
);

test('wants a permutation', () => {
  expect(() => transpose(input('x', [2, 3]), [0, 0])).toThrow('needs a permutation');
});
