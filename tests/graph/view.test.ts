import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layoutBeforeReshape, reshapeLayout, transposeLayout } from '../../src/graph/view.js';
import { defaultLayout, type Layout, physicalStrides } from '../../src/tensor/layout.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { unravel } from '../reference/array.js';

/** Memory position of every element, in logical row-major order. */
function positions(shape: Shape, layout: Layout): number[] {
  const steps = physicalStrides(shape, layout);
  return Array.from({ length: size(shape) }, (_, i) =>
    unravel(i, shape).reduce((sum, k, axis) => sum + k * steps[axis], 0),
  );
}

const factors = fc.array(fc.constantFrom(1, 2, 3), { minLength: 1, maxLength: 6 });

/** Shapes of the same elements: both join the same factors, in order. */
const pairs = fc
  .tuple(factors, fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.boolean()))
  .map(([sizes, ...cuts]) =>
    cuts.map((cut) => {
      const shape = [1];
      for (const d of sizes) {
        if (cut.next().value) shape.push(d);
        else shape[shape.length - 1] *= d;
      }
      return shape;
    }),
  );

test('the layout of a reshape leaves every element where it is', () => {
  const shuffled = pairs.chain(([from, to]) =>
    fc.tuple(fc.constant(from), fc.constant(to), fc.shuffledSubarray([...from.keys()], { minLength: from.length })),
  );
  fc.assert(
    fc.property(shuffled, ([from, to, layout]) => {
      const result = reshapeLayout(from, layout, to);
      if (result) expect(positions(to, result)).toEqual(positions(from, layout));
      const before = layoutBeforeReshape(from, to);
      expect(positions(to, reshapeLayout(from, before, to)!)).toEqual(positions(from, before));
    }),
  );
});

test('axes are cut anywhere and joined where they are neighbours', () => {
  const channelsLast = defaultLayout(4);
  expect(reshapeLayout([2, 3, 4, 6], channelsLast, [2, 3, 2, 2, 3, 2])).toEqual([0, 2, 3, 4, 5, 1]);
  expect(reshapeLayout([2, 3, 4, 6], channelsLast, [2, 3, 24])).toEqual([0, 2, 1]);
  expect(reshapeLayout([2, 3, 4, 6], channelsLast, [2, 72])).toBeUndefined();
  expect(layoutBeforeReshape([2, 3, 2, 2, 3, 2], [2, 3, 4, 6])).toEqual([0, 2, 3, 4, 5, 1]);
});

test('a transposition renames the axes', () => {
  expect(transposeLayout([2, 4, 6, 3], defaultLayout(4), [0, 2, 3, 1])).toEqual([0, 1, 2, 3]);
  expect(transposeLayout([3, 2], [0, 1], [1, 0])).toEqual([1, 0]);
});
