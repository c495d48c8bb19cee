import fc from 'fast-check';
import { expect, test } from 'vitest';
import { split } from '../../src/ops/split.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const cut = (x: Shape, sizes: readonly number[], axis: number): OpCase => ({
  title: `[${x}] into [${sizes}] along axis ${axis}`,
  inputs: { x },
  build: ({ x }) => split(x, sizes, axis),
});

describeOp(
  'split',
  [
    cut([2, 9, 3, 4], [1, 4, 4], 1),
    cut([2, 3, 4, 5, 6], [1, 1, 1], 1),
    cut([7, 12], [4, 8], -1),
    cut([6, 5], [2, 4], 0),
    cut([3, 4], [4], 1),
    { ...cut([4, 6, 2, 2], [2, 4], 1), title: 'a part that nothing depends on', differentiable: 1 },
  ],
  {
    arbitrary: fc.tuple(shapes(1, 6), fc.nat(5), fc.nat(100)).map(([shape, at, cutAt]): OpCase => {
      const axis = at % shape.length;
      const length = shape[axis];
      const first = 1 + (cutAt % length);
      return cut(shape, first < length ? [first, length - first] : [length], axis);
    }),
  },
);

test('sizes add up to the axis', () => {
  expect(() => split(input('x', [2, 5]), [2, 2], 1)).toThrow('split got sizes [2,2], which do not add up to axis 1');
});
