import { test } from 'vitest';
import { type Conv2dOptions, conv2d } from '../../../src/ops/conv2d.js';
import { matmul } from '../../../src/ops/matmul.js';
import type { Shape } from '../../../src/tensor/shape.js';
import { checkOp, type OpCase } from '../../support/describe-op.js';

// Shapes that reach each kernel and each path of a kernel: tall tiles, several slices, both ways of adding slices.

function conv(seam: string, x: Shape, w: Shape, options: Omit<Conv2dOptions, 'bias'> = {}): OpCase {
  return {
    title: `${seam}: [${x}] * [${w}] ${JSON.stringify(options)}`,
    inputs: { x, w, bias: [w[0]] },
    build: ({ x, w, bias }) => conv2d(x, w, { ...options, bias }),
    smooth: false, // central differences of this many products take minutes; the reference has its own tests
  };
}

interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const product = (seam: string, { m, k, n, transposeA, transposeB }: Product): OpCase => ({
  title: `${seam}: ${m} x ${k} x ${n}${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
  inputs: { a: transposeA ? [k, m] : [m, k], b: transposeB ? [n, k] : [k, n], bias: [n] },
  build: ({ a, b, bias }) => matmul(a, b, { transposeA, transposeB, bias }),
  smooth: false,
});

test.each(
  [
    conv('tall tiles', [2, 8, 65, 64], [32, 8, 1, 1]),
    conv('tall tiles, input gradient', [2, 32, 65, 63], [8, 32, 1, 1]),
    conv('tall tiles, four phases', [1, 32, 93, 91], [8, 32, 3, 3], { stride: 2, padding: [0, 1, 0, 1] }),
    conv('tall tiles, groups', [1, 24, 60, 61], [24, 8, 3, 3], { padding: 1, groups: 3 }),
    conv('phases without a tap', [2, 8, 15, 13], [12, 8, 1, 1], { stride: 2 }),
    conv('stride and dilation with a common factor', [1, 8, 17, 19], [8, 8, 3, 3], {
      stride: 4,
      dilation: 2,
      padding: 2,
    }),
    conv('stride larger than the map', [1, 4, 2, 1], [4, 4, 1, 1], { stride: 3 }),
    conv('an odd number of quads', [2, 12, 14, 14], [20, 12, 3, 3], { padding: 1 }),
    conv('few slices', [1, 16, 20, 20], [24, 16, 3, 3], { padding: 1 }),
    conv('many slices of few weights', [4, 3, 33, 32], [16, 3, 3, 3], { padding: 1, stride: 1 }),
    conv('many slices of many weights', [1, 128, 47, 48], [128, 128, 1, 1]),
    conv('a stem', [2, 3, 31, 33], [16, 3, 7, 7], { padding: 3, stride: 2 }),
    conv('depthwise', [2, 20, 45, 47], [20, 1, 3, 3], { padding: 1, groups: 20 }),
    conv('depthwise, stride 2', [1, 36, 47, 50], [36, 1, 3, 3], { padding: [0, 1, 0, 1], stride: 2, groups: 36 }),
    conv('depthwise, two blocks of taps', [1, 12, 30, 29], [12, 1, 5, 7], { padding: [2, 2, 3, 3], groups: 12 }),
    conv('depthwise, dilated', [1, 8, 21, 20], [8, 1, 3, 3], {
      padding: 4,
      dilation: [2, 3],
      stride: [1, 3],
      groups: 8,
    }),
    conv('depthwise, rows that no tap meets', [1, 4, 3, 3], [4, 1, 3, 3], { padding: [5, 4, 4, 5], groups: 4 }),
    conv('depthwise with odd channels', [2, 7, 33, 31], [7, 1, 3, 3], { padding: [0, 1, 2, 1], stride: 2, groups: 7 }),
    conv('two filters a channel', [2, 8, 11, 12], [16, 1, 3, 3], { padding: 1, groups: 8 }),
    product('slices of quads', { m: 7, k: 1300, n: 12 }),
    product('slices of scalars', { m: 6, k: 1301, n: 9, transposeB: true }),
    product('slices of quads, transposed', { m: 12, k: 1300, n: 20, transposeA: true }),
    product('several tiles', { m: 300, k: 132, n: 72, transposeA: true, transposeB: true }),
    product('several tiles of scalars', { m: 129, k: 67, n: 71 }),
  ].map((each) => [each.title, each] as const),
)('%s', { timeout: 120_000 }, (_, each) => checkOp(each));
