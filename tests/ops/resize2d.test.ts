import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Resize2dOptions, resize2d } from '../../src/ops/resize2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { images } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const resized = (x: Shape, options: Resize2dOptions): OpCase => ({
  title: `[${x}] ${JSON.stringify(options)}`,
  inputs: { x },
  build: ({ x }) => resize2d(x, options),
});

const modes = [
  { mode: 'nearest' },
  { mode: 'bilinear', alignCorners: false },
  { mode: 'bilinear', alignCorners: true },
] as const;

const side = fc.integer({ min: 1, max: 13 });

describeOp(
  'resize2d',
  modes.flatMap((mode) => [
    resized([2, 5, 4, 3], { ...mode, size: [8, 6] }),
    resized([1, 3, 7, 9], { ...mode, size: [3, 4] }),
    resized([1, 17, 5, 5], { ...mode, size: [9, 13] }),
    resized([2, 4, 1, 1], { ...mode, size: [5, 3] }),
    resized([1, 1, 6, 6], { ...mode, size: 1 }),
    resized([1, 8, 3, 11], { ...mode, size: [3, 11] }),
    resized([1, 2, 16, 15], { ...mode, size: [5, 31] }),
  ]),
  {
    arbitrary: fc
      .tuple(images(), fc.constantFrom(...modes), side, side)
      .map(([x, mode, height, width]) => resized(x, { ...mode, size: [height, width] })),
    runs: 25,
  },
);

test('bilinear doubling of two pixels', () => {
  const x = input('x', [1, 1, 1, 2]);
  const size = [1, 4] as const;
  const ys = [false, true].map((alignCorners) => resize2d(x, { size, alignCorners }));
  const [centres, corners] = evaluate(ys, new Map([[x, array(x.shape, [0, 12])]]));
  expect([...centres.data]).toEqual([0, 3, 9, 12]);
  expect([...corners.data]).toEqual([0, 4, 8, 12]);
});
