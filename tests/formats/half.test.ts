import { expect, test } from 'vitest';
import { fromBfloat16, fromHalf, toHalf } from '../../src/formats/half.js';

test('every half comes back from float32', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = toHalf(fromHalf(all));
  const isNan = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;
  for (const bits of all) {
    if (isNan(bits)) expect(isNan(back[bits])).toBe(true);
    else if (back[bits] !== bits) expect.fail(`${bits} becomes ${back[bits]}`);
  }
});

test('rounds to the nearest half, ties to even', () => {
  const finite = fromHalf(Uint16Array.from({ length: 0x7c00 }, (_, i) => i));
  for (let i = 0; i + 1 < finite.length; i += 7) {
    const [low, high] = [finite[i], finite[i + 1]];
    const middle = (low + high) / 2; // exact in float32
    expect([...toHalf([low + (high - low) * 0.49, middle, low + (high - low) * 0.51])]).toEqual([
      i,
      i % 2 === 0 ? i : i + 1,
      i + 1,
    ]);
  }
});

test('the ends of the range', () => {
  expect([...toHalf([65504, 65519, 65520, 1e9, -1e9, 2 ** -24, 2 ** -25, 2 ** -25 * 1.01, -0])]).toEqual([
    0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 1, 0, 1, 0x8000,
  ]);
  expect([...fromBfloat16([0x3f80, 0xc000, 0x7f80])]).toEqual([1, -2, Number.POSITIVE_INFINITY]);
});
