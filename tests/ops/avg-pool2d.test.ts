import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AvgPool2dOptions, avgPool2d } from '../../src/ops/avg-pool2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { describeOp, type OpCase } from '../support/describe-op.js';
import { windows } from '../support/windows.js';

const pool = (x: Shape, options: AvgPool2dOptions): OpCase => ({
  title: `[${x}] ${JSON.stringify(options)}`,
  inputs: { x },
  build: ({ x }) => avgPool2d(x, options),
});

describeOp(
  'avgPool2d',
  [
    pool([2, 5, 8, 8], { kernel: 2 }),
    pool([1, 3, 7, 9], { kernel: 3, stride: 2, padding: 1 }),
    pool([1, 3, 7, 9], { kernel: 3, stride: 2, padding: 1, countIncludePad: false }),
    pool([1, 17, 1, 1], { kernel: 3, padding: 1, countIncludePad: false }),
    pool([3, 1, 5, 5], { kernel: [2, 3], stride: [1, 2], padding: [1, 0, 0, 2] }),
    pool([1, 16, 7, 7], { kernel: 7 }),
    pool([2, 4, 9, 9], { kernel: 2, stride: 3, countIncludePad: false }),
    pool([1, 1, 1, 1], { kernel: 1 }),
  ],
  {
    arbitrary: fc
      .tuple(windows, fc.boolean())
      .map(([{ x, ...window }, countIncludePad]) => pool(x, { ...window, countIncludePad })),
  },
);

test('padding counts, or does not', () => {
  const x = input('x', [1, 1, 2, 2]);
  const window = { kernel: 2, stride: 2, padding: 1 };
  const ys = [true, false].map((countIncludePad) => avgPool2d(x, { ...window, countIncludePad }));
  const [counted, uncounted] = evaluate(ys, new Map([[x, array(x.shape, [4, 8, 12, 16])]]));
  expect([...counted.data]).toEqual([1, 2, 3, 4]);
  expect([...uncounted.data]).toEqual([4, 8, 12, 16]);
});
