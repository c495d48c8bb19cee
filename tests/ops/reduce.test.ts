import fc from 'fast-check';
import { mean, sum } from '../../src/ops/reduce.js';
import type { Shape } from '../../src/tensor/shape.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const kinds = { sum, mean };

function over(kind: keyof typeof kinds, x: Shape, axes?: readonly number[], keepDims = false): OpCase {
  return {
    title: `${kind} of [${x}] over ${axes ?? 'all'}${keepDims ? ' kept' : ''}`,
    inputs: { x },
    build: ({ x }) => kinds[kind](x, { axes, keepDims }),
    // Random terms cancel: the sum may be far smaller than the rounding of its parts would suggest.
    tolerance: 1e-4,
  };
}

const random = fc
  .record({
    kind: fc.constantFrom('sum' as const, 'mean' as const),
    shape: shapes(1, 5),
    mask: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    keepDims: fc.boolean(),
  })
  .map(({ kind, shape, mask, keepDims }) =>
    over(
      kind,
      shape,
      shape.map((_, i) => i).filter((i) => mask[i]),
      keepDims,
    ),
  );

describeOp(
  'reduce',
  [
    over('mean', [2, 5, 7, 7], [2, 3]),
    over('mean', [2, 17, 1, 1], [2, 3], true),
    over('sum', [3, 5, 4, 6], [0, 2, 3]),
    over('sum', [3, 5, 4, 6], [1]),
    over('sum', [3, 5, 4, 6], [0], true),
    over('mean', [3, 5, 4, 6], [-1]),
    over('sum', [3, 5, 4, 6], [1, 3]),
    over('sum', [3, 5, 4, 6]),
    over('mean', [1001]),
    over('sum', [64, 130], [0]),
    over('sum', [64, 130], [1], true),
    over('sum', [2, 3, 4, 2, 3], [1, 3]),
    over('mean', [1, 64, 12, 12], [2, 3]),
    over('sum', [5], []),
    over('sum', []),
  ],
  { arbitrary: random, runs: 30 },
);
