import fc from 'fast-check';
import { pad } from '../../src/ops/pad.js';
import type { Shape } from '../../src/tensor/shape.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const padded = (x: Shape, before: readonly number[], after: readonly number[], value = 0): OpCase => ({
  title: `[${x}] by ${before} and ${after} with ${value}`,
  inputs: { x },
  build: ({ x }) => pad(x, before, after, value),
  tolerance: 1e-7,
});

const amounts = fc.array(fc.nat(3), { minLength: 5, maxLength: 5 });

describeOp(
  'pad',
  [
    padded([2, 5, 4, 3], [0, 0, 1, 1], [0, 0, 1, 1]),
    padded([2, 5, 4, 3], [0, 1, 0, 2], [1, 2, 3, 0], -1.5),
    padded([1, 17, 1, 1], [0, 0, 2, 0], [0, 3, 0, 1], 2),
    padded([2, 8, 3, 3], [0, 0, 0, 1], [0, 0, 1, 0]),
    padded([3, 4], [1, 0], [0, 5], 1),
    padded([5], [2], [70]),
    padded([2, 3, 4], [0, 1, 0], [1, 0, 2]),
    padded([], [], []),
    padded([2, 2, 2, 2, 2], [1, 0, 1, 0, 1], [0, 1, 0, 1, 0], 3),
  ],
  {
    arbitrary: fc
      .tuple(shapes(1, 5), amounts, amounts, fc.constantFrom(0, 0.5))
      .map(([x, before, after, value]) => padded(x, before.slice(0, x.length), after.slice(0, x.length), value)),
  },
);
