import { expect, test } from 'vitest';
import { PhiloxSequence, philox, streamOf, unitInterval, type Words } from '../../src/utils/random.js';

const hex = (words: readonly number[]): string => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

/** Known answers that come with Random123. */
test.each<[Words, [number, number], string]>([
  [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
])('philox of %s', (counter, key, expected) => {
  expect(hex(philox(counter, key))).toBe(expected);
});

test('a sequence reads the words of block after block', () => {
  const sequence = new PhiloxSequence(7, 9);
  const words = Array.from({ length: 9 }, () => sequence.word());
  const blocks = [0, 1, 2].flatMap((block) => [...philox([block, 0, 0, 0], [7, 9])]);
  expect(words).toEqual(blocks.slice(0, 9));
});

test('numbers lie in [0, 1)', () => {
  expect(unitInterval(0)).toBe(0);
  expect(unitInterval(0xffffffff)).toBe(1 - 2 ** -24);
});

test('normal numbers have mean 0 and variance 1', () => {
  const sequence = new PhiloxSequence(1, 2);
  const values = Array.from({ length: 20_000 }, () => sequence.normal());
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.02);
  expect(Math.abs(variance - 1)).toBeLessThan(0.03);
});

test('streams of names differ', () => {
  expect(streamOf('')).toBe(0x811c9dc5);
  expect(streamOf('a')).toBe(0xe40c292c); // published FNV-1a value
  expect(streamOf('conv.weight')).not.toBe(streamOf('conv.bias'));
});
