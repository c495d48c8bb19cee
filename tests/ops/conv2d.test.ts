import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

function conv(x: Shape, w: Shape, options: Omit<Conv2dOptions, 'bias'> = {}, bias = false): OpCase {
  return {
    title: `[${x}] * [${w}] ${JSON.stringify(options)}${bias ? ' + bias' : ''}`,
    inputs: { x, w, ...(bias ? { bias: [w[0]] } : {}) },
    build: ({ x, w, bias }) => conv2d(x, w, { ...options, bias }),
  };
}

const pads = fc.oneof(
  fc.integer({ min: 0, max: 2 }),
  fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2)) as fc.Arbitrary<[number, number, number, number]>,
);

const random = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    groups: fc.constantFrom(1, 1, 1, 2, 3),
    inPerGroup: fc.constantFrom(1, 2, 3, 5, 8),
    outPerGroup: fc.constantFrom(1, 3, 4, 7),
    size: fc.tuple(fc.integer({ min: 3, max: 10 }), fc.integer({ min: 3, max: 10 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilation: fc.constantFrom(1, 1, 2),
    padding: pads,
    bias: fc.boolean(),
  })
  .filter(({ size, kernel, dilation }) => kernel.every((k, i) => dilation * (k - 1) + 1 <= size[i]))
  .map(({ batch, groups, inPerGroup, outPerGroup, size, kernel, stride, dilation, padding, bias }) =>
    conv(
      [batch, groups * inPerGroup, ...size],
      [groups * outPerGroup, inPerGroup, ...kernel],
      { stride, padding, dilation, groups },
      bias,
    ),
  );

describeOp(
  'conv2d',
  [
    conv([1, 1, 1, 1], [1, 1, 1, 1]),
    conv([1, 3, 3, 3], [1, 3, 3, 3]),
    conv([2, 3, 7, 5], [4, 3, 3, 3], { padding: 1 }, true),
    conv([1, 5, 6, 9], [17, 5, 1, 1], {}, true),
    conv([3, 17, 1, 1], [5, 17, 1, 1]),
    conv([1, 17, 1, 1], [3, 17, 3, 3], { padding: 1 }),
    conv([1, 32, 9, 7], [24, 32, 3, 3], { padding: 1 }),
    conv([1, 20, 11, 11], [36, 20, 1, 1]),
    conv([1, 3, 9, 9], [8, 3, 3, 3], { stride: 2, padding: 1 }),
    conv([2, 4, 7, 7], [5, 4, 3, 3], { stride: 2, padding: 1 }),
    conv([1, 3, 8, 8], [8, 3, 3, 3], { stride: 2, padding: [0, 1, 0, 1] }),
    conv([1, 3, 13, 11], [4, 3, 7, 7], { stride: 2, padding: 3 }),
    conv([1, 4, 9, 9], [6, 4, 1, 1], { stride: 2 }, true),
    conv([1, 2, 10, 10], [3, 2, 2, 2], { stride: 3 }),
    conv([1, 2, 7, 7], [3, 2, 1, 1], { stride: 3, padding: 1 }),
    conv([2, 4, 8, 8], [6, 2, 3, 2], { stride: [2, 3], groups: 2 }),
    conv([1, 6, 5, 5], [9, 2, 3, 3], { padding: 1, groups: 3 }, true),
    conv([1, 4, 9, 9], [4, 1, 3, 3], { dilation: 2, padding: 2, groups: 4 }),
    conv([2, 17, 6, 5], [17, 1, 3, 3], { padding: 1, groups: 17 }, true),
    conv([1, 8, 7, 9], [8, 1, 3, 3], { stride: 2, padding: 1, groups: 8 }),
    conv([1, 5, 9, 9], [5, 1, 5, 5], { stride: 2, padding: 2, groups: 5 }),
    conv([3, 1, 4, 4], [1, 1, 3, 3], { padding: 1, groups: 1 }),
    conv([1, 4, 1, 1], [4, 1, 3, 3], { padding: 1, groups: 4 }),
    conv([1, 3, 5, 5], [6, 1, 3, 3], { padding: 1, groups: 3 }),
    conv([1, 2, 9, 12], [3, 2, 3, 3], { dilation: [2, 3], padding: [2, 1, 0, 3] }),
    conv([1, 2, 5, 5], [2, 2, 3, 3], { padding: [3, 0, 1, 4] }),
    conv([1, 3, 4, 17], [2, 3, 1, 5], { padding: [0, 0, 2, 2] }),
    // More than one tile along every axis, and sums long enough to be split.
    conv([1, 64, 10, 13], [72, 64, 1, 1]),
    conv([2, 16, 16, 18], [33, 16, 3, 3], { padding: 1 }, true),
    conv([3, 8, 17, 17], [20, 8, 3, 3], { stride: 2, padding: 1 }),
    conv([16, 24, 2, 2], [40, 24, 3, 3], { padding: 1 }),
    conv([1, 3, 40, 37], [16, 3, 3, 3], { stride: 2, padding: 1 }),
    conv([2, 64, 9, 9], [64, 1, 3, 3], { padding: 1, groups: 64 }),
    conv([2, 40, 15, 15], [40, 1, 3, 3], { stride: 2, padding: 1, groups: 40 }, true),
    conv([1, 36, 11, 11], [36, 1, 5, 5], { padding: 4, dilation: 2, groups: 36 }),
    conv([1, 32, 9, 9], [48, 8, 3, 3], { padding: 1, groups: 4 }),
  ],
  { arbitrary: random, runs: 25 },
);

test('names the channels that do not fit', () => {
  const x = input('x', [1, 3, 8, 8]);
  expect(() => conv2d(x, input('w', [8, 4, 3, 3]))).toThrow('conv2d got 3 input channels, but weight [8,4,3,3]');
  expect(() => conv2d(x, input('w', [8, 3, 9, 9]))).toThrow('conv2d has no output');
});
