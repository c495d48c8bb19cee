import { describe, expect, test } from 'vitest';
import { inputPhases } from '../../src/devices/wasm/kernels/conv2d-backward-input.js';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.js';
import { matmul } from '../../src/ops/matmul.js';
import type { Shape } from '../../src/tensor/shape.js';
import { checkOp, type OpCase } from '../support/describe-op.js';

// Shapes large enough for more than one block, slice, chunk or band of the wasm kernels: their seams are what can break.

function conv(seam: string, x: Shape, w: Shape, options: Omit<Conv2dOptions, 'bias'> = {}): OpCase {
  return {
    title: `${seam}: [${x}] * [${w}] ${JSON.stringify(options)}`,
    inputs: { x, w, bias: [w[0]] },
    build: ({ x, w, bias }) => conv2d(x, w, { ...options, bias }),
    smooth: false, // central differences of this many products take minutes; the reference has its own tests
  };
}

const product = (seam: string, m: number, k: number, n: number): OpCase => ({
  title: `${seam}: ${m} x ${k} x ${n}`,
  inputs: { a: [m, k], b: [k, n], bias: [n] },
  build: ({ a, b, bias }) => matmul(a, b, { bias }),
  smooth: false,
});

test.each(
  [
    product('slices of k', 6, 1300, 9),
    product('more than 64 tiles a block', 300, 130, 70),
    conv('pointwise, slices of k', [1, 700, 3, 3], [12, 700, 1, 1]),
    conv('pointwise, chunks of positions', [3, 9, 20, 22], [20, 9, 1, 1]),
    conv('padding that makes up for the stride', [2, 7, 3, 1], [40, 7, 1, 1], {
      stride: [2, 1],
      padding: [0, 2, 0, 0],
    }),
    conv('blocks of tiles, panels in two groups', [1, 48, 17, 19], [40, 24, 3, 3], { padding: 1, groups: 2 }),
    conv('blocks of positions', [1, 16, 27, 25], [20, 16, 3, 3], { padding: 1 }),
    conv('phases of stride 2', [1, 16, 25, 24], [24, 16, 3, 3], { padding: 1, stride: 2 }),
    conv('windows copied into rows', [2, 3, 31, 33], [16, 3, 3, 3], { padding: 1, stride: 2 }),
    conv('windows copied into rows, chunks', [1, 3, 64, 62], [8, 3, 7, 7], { padding: 3, stride: 2 }),
    conv('bands', [2, 20, 45, 47], [20, 1, 3, 3], { padding: 1, groups: 20 }),
    conv('bands of stride 2', [1, 36, 47, 50], [36, 1, 3, 3], { padding: 1, stride: 2, groups: 36 }),
    conv('cells cut by the edge', [2, 7, 33, 31], [7, 1, 3, 3], { padding: [0, 1, 2, 1], stride: 2, groups: 7 }),
    conv('rounds of taps', [1, 12, 30, 29], [12, 1, 5, 5], { padding: 2, groups: 12 }),
  ].map((each) => [each.title, each] as const),
)('%s', { timeout: 120_000 }, (_, each) => checkOp(each));

describe('phases of an input gradient', () => {
  const geometries = [1, 2, 3].flatMap((stride) =>
    [1, 2, 3, 5, 7].flatMap((taps) =>
      [1, 2, 3].flatMap((dilation) => [0, 1, 3].map((padding) => ({ stride, taps, dilation, padding }))),
    ),
  );

  test.each(geometries)('%o: every product once, none for nothing', ({ stride, taps, dilation, padding }) => {
    const length = 11;
    const found: string[] = [];
    for (const phase of inputPhases(length, taps, stride, padding, dilation)) {
      for (let j = 0; j < phase.positions; j++) {
        for (let t = 0; t < phase.count; t++) {
          found.push(
            `${phase.start + stride * j} ${phase.first + t * phase.every} ${j + phase.offset + t * phase.step}`,
          );
        }
      }
    }
    const wanted: string[] = [];
    for (let i = 0; i < length; i++) {
      for (let k = 0; k < taps; k++) {
        const reach = i + padding - k * dilation;
        if (reach % stride === 0) wanted.push(`${i} ${k} ${reach / stride}`);
      }
    }
    expect(found.sort()).toEqual(wanted.sort());
  });
});
