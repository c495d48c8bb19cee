import type { DropoutAttrs } from '../../src/ops/dropout.js';
import { defaultLayout, physicalStrides } from '../../src/tensor/layout.js';
import { map, type ReferenceRule, unravel } from './array.js';

const low = (a: number, b: number): number => Math.imul(a, b) >>> 0;
const high = (a: number, b: number): number => Number((BigInt(a) * BigInt(b)) >> 32n);

/** Philox4x32-10 (Salmon et al., SC 2011): four words from a counter of four words and a key of two. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map((word) => word >>> 0);
  let [k0, k1] = key.map((word) => word >>> 0);
  for (let round = 0; round < 10; round++) {
    const [low0, high0] = [low(0xd2511f53, c0), high(0xd2511f53, c0)];
    const [low1, high1] = [low(0xcd9e8d57, c2), high(0xcd9e8d57, c2)];
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * Keeps an element when the top 24 bits of its word, as a fraction, are at least p, and divides it by 1 − p. Elements
 * are counted in physical order, so rank 4 is channels-last: four neighbours share a Philox block.
 */
export const dropout: ReferenceRule<DropoutAttrs> = ([x, counter], { p, seed, stream }) => {
  const steps = physicalStrides(x.shape, defaultLayout(x.shape.length));
  return [
    map(x, (value, i) => {
      const position = unravel(i, x.shape).reduce((sum, k, axis) => sum + k * steps[axis], 0);
      const words = philox([position >>> 2, counter.data[0], 0, 0], [seed, stream]);
      return (words[position & 3] >>> 8) / 2 ** 24 >= p ? value / (1 - p) : 0;
    }),
  ];
};
