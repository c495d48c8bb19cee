import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slice } from '../../src/ops/slice.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const cut = (x: Shape, start: readonly number[], size: readonly number[], step?: readonly number[]): OpCase => ({
  title: `[${x}] from ${start} take ${size}${step ? ` step ${step}` : ''}`,
  inputs: { x },
  build: ({ x }) => slice(x, start, size, step),
  tolerance: 0,
});

const axis = fc.record({
  length: fc.integer({ min: 1, max: 7 }),
  from: fc.nat(6),
  take: fc.nat(6),
  step: fc.integer({ min: 1, max: 3 }),
});

const random = fc.array(axis, { minLength: 1, maxLength: 5 }).map((axes) => {
  const start = axes.map(({ length, from }) => from % length);
  const most = axes.map(({ length, step }, i) => Math.floor((length - 1 - start[i]) / step) + 1);
  return cut(
    axes.map(({ length }) => length),
    start,
    axes.map(({ take }, i) => (take % most[i]) + 1),
    axes.map(({ step }) => step),
  );
});

describeOp(
  'slice',
  [
    cut([2, 5, 4, 3], [0, 1, 0, 0], [2, 3, 4, 3]),
    cut([2, 8, 4, 3], [0, 4, 0, 0], [2, 4, 4, 3]),
    cut([2, 17, 4, 3], [1, 16, 3, 2], [1, 1, 1, 1]),
    cut([2, 3, 7, 9], [0, 0, 1, 0], [2, 3, 3, 5], [1, 1, 2, 2]),
    cut([5, 4], [1, 0], [2, 4], [3, 1]),
    cut([10], [9], [1], [2]),
    cut([70], [1], [23], [3]),
    cut([3, 4, 5], [0, 1, 2], [3, 2, 3]),
    cut([2, 3, 4, 2, 3], [0, 1, 0, 1, 0], [2, 1, 2, 1, 2], [1, 1, 2, 1, 2]),
    {
      title: 'integers',
      inputs: { x: { shape: [2, 3, 4, 5], dtype: 'i32', values: (random) => random.integer(2 ** 31) } },
      build: ({ x }) => slice(x, [1, 0, 1, 1], [1, 3, 2, 3]),
      differentiable: 0,
    },
  ],
  { arbitrary: random, runs: 25 },
);

test('reads inside only', () => {
  expect(() => slice(input('x', [4]), [1], [2], [3])).toThrow('slice reads element 4 of axis 0');
});
