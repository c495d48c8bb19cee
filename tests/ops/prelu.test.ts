import fc from 'fast-check';
import { expect, test } from 'vitest';
import { prelu } from '../../src/ops/prelu.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { images } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const parametric = (x: Shape, slopes: number): OpCase => ({
  title: `[${x}] with ${slopes} slopes`,
  inputs: { x, a: [slopes] },
  build: ({ x, a }) => prelu(x, a),
});

describeOp(
  'prelu',
  [
    parametric([2, 5, 4, 3], 5),
    parametric([2, 5, 4, 3], 1),
    parametric([1, 17, 1, 1], 17),
    parametric([3, 1, 6, 6], 1),
    parametric([7, 9], 9),
    parametric([2, 3, 5], 3),
    parametric([2, 16, 16, 12], 16),
  ],
  { arbitrary: fc.tuple(images(), fc.boolean()).map(([x, each]) => parametric(x, each ? x[1] : 1)) },
);

test('names the slopes that do not fit', () => {
  expect(() => prelu(input('x', [1, 3, 2, 2]), input('a', [2]))).toThrow('prelu got slope [2]');
});
