import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat } from '../../src/ops/concat.js';
import { square } from '../../src/ops/index.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

function joined(shape: Shape, axis: number, lengths: readonly number[], f: (x: Tensor) => Tensor = (x) => x): OpCase {
  const parts = lengths.map((length, i) => [`part ${i}`, shape.with(axis, length)] as const);
  return {
    title: `[${shape}] along ${axis}: ${lengths}${f.name ? ` of ${f.name}` : ''}`,
    inputs: Object.fromEntries(parts),
    build: (tensors) =>
      concat(
        parts.map(([name]) => f(tensors[name])),
        axis,
      ),
  };
}

const random = fc
  .tuple(shapes(1, 5), fc.nat(4), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }))
  .map(([shape, axis, lengths]) => joined(shape, axis % shape.length, lengths));

describeOp(
  'concat',
  [
    joined([2, 0, 4, 3], 1, [5, 3, 1]),
    joined([2, 0, 4, 3], 1, [8, 17]),
    joined([0, 5, 4, 3], 0, [1, 2]),
    joined([0, 16, 4, 4], 0, [1, 2, 1], square),
    joined([2, 5, 0, 3], 2, [1, 4]),
    joined([2, 5, 4, 0], 3, [2, 2, 2]),
    joined([3, 0], 1, [4, 1]),
    joined([0], 0, [3, 70]),
    joined([2, 0, 3], 1, [2, 1]),
    joined([2, 3], 0, [2]),
    { title: 'a tensor twice', inputs: { x: [2, 3, 2, 2] }, build: ({ x }) => concat([x, x], 1) },
    {
      title: 'the same result twice along the batch',
      inputs: { x: [2, 16, 2, 2] },
      build: ({ x }) => concat([square(x), square(x)], 0),
    },
  ],
  { arbitrary: random },
);

test('the other axes must be equal', () => {
  expect(() => concat([input('a', [2, 3]), input('b', [3, 3])], 1)).toThrow('along axis 1 the rest must be equal');
});
