import fc from 'fast-check';
import type { Padding4, Pair } from '../../src/ops/window.js';
import { channels } from './arbitrary.js';

export interface PoolWindow {
  readonly x: readonly [number, number, number, number];
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding4;
}

const pair = (min: number, max: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

/** Pooling windows that always hold a pixel, also with dilation 2: each pad is below half of the kernel. */
export const windows: fc.Arbitrary<PoolWindow> = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    channels,
    size: pair(5, 10),
    kernel: pair(1, 3),
    stride: pair(1, 3),
    sides: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
  })
  .map(({ batch, channels, size, kernel, stride, sides }) => ({
    x: [batch, channels, ...size] as const,
    kernel,
    stride,
    padding: sides.map((side, i) => (side ? kernel[i >> 1] >> 1 : 0)) as unknown as Padding4,
  }));
