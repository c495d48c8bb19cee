import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expand } from '../../src/ops/expand.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const repeat = (x: Shape, shape: Shape): OpCase => ({
  title: `[${x}] to [${shape}]`,
  inputs: { x },
  build: ({ x }) => expand(x, shape),
  tolerance: 1e-6,
});

const random = fc
  .tuple(shapes(1, 5), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), fc.nat(2))
  .map(([shape, mask, lead]) => {
    const x = shape.map((d, i) => (mask[i] ? 1 : d));
    return repeat(x.slice(Math.min(lead, x.length - 1)), shape);
  });

describeOp(
  'expand',
  [
    repeat([1, 5, 1, 1], [2, 5, 4, 3]),
    repeat([5, 1, 1], [2, 5, 4, 3]),
    repeat([2, 1, 3, 1], [2, 17, 3, 4]),
    repeat([], [2, 3, 4, 5]),
    repeat([], [7]),
    repeat([1], [513]),
    repeat([3, 1], [3, 9]),
    repeat([1, 1, 1, 1], [1, 3, 3, 1]),
    repeat([4, 1, 2], [3, 4, 5, 2]),
  ],
  { arbitrary: random },
);

test('only axes of length 1 repeat', () => {
  expect(() => expand(input('x', [2, 3]), [2, 6])).toThrow('does not broadcast to [2,6]');
});
