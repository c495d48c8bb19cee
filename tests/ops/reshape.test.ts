import fc from 'fast-check';
import { expect, test } from 'vitest';
import { square } from '../../src/ops/index.js';
import { flatten, reshape } from '../../src/ops/reshape.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

/** Between two operators, so that the reshape is not at the edge of the graph. */
const between = (x: Shape, shape: Shape): OpCase => ({
  title: `[${x}] to [${shape}]`,
  inputs: { x },
  build: ({ x }) => square(reshape(square(x), shape)),
});

/** Both factorings of the same number of elements. */
const random = fc
  .tuple(shapes(1, 5), shapes(1, 4))
  .map(([a, b]) => between([...a, ...b].slice(0, 6), [-1, ...b].slice(0, 4)))
  .filter(({ inputs, title }) => {
    const from = inputs.x as Shape;
    const to = title
      .slice(title.indexOf('to [') + 4, -1)
      .split(',')
      .map(Number);
    return from.reduce((n, d) => n * d, 1) % to.slice(1).reduce((n, d) => n * d, 1) === 0;
  });

describeOp(
  'reshape',
  [
    between([2, 5, 4, 3], [2, 60]),
    between([2, 60], [2, 5, 4, 3]),
    between([2, 5, 4, 3], [2, 20, 3]),
    between([2, 5, 4, 3], [3, 4, 5, 2]),
    between([2, 17, 1, 1], [2, 17]),
    between([2, 17], [2, 17, 1, 1]),
    between([1, 1, 4, 3], [12]),
    between([6], [-1, 2, 1]),
    between([2, 3, 4], [2, 3, 2, 2]),
    between([2, 3, 2, 2], [2, 3, 4]),
    between([2, 6, 2, 2], [2, 2, 3, 2, 2]),
    between([2, 1, 5, 3], [2, 5, 3, 1]),
    between([1], []),
    { title: 'flatten', inputs: { x: [2, 3, 4, 5] }, build: ({ x }) => flatten(x) },
    { title: 'only a reshape', inputs: { x: [2, 3, 4, 5] }, build: ({ x }) => reshape(x, [6, 20]) },
  ],
  { arbitrary: random },
);

test('names the elements that do not fit', () => {
  expect(() => reshape(input('x', [2, 3]), [4, -1])).toThrow('reshape got [2,3], which does not fit [4,-1]');
});
