import { expect, test } from 'vitest';
import { parseBytes } from '../../src/utils/bytes.js';

test.each([
  ['512MB', 512e6],
  ['1.5 GiB', 1.5 * 2 ** 30],
  ['65536', 65536],
  ['2kb', 2000],
  ['1T', 1e12],
  ['10 b', 10],
])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'much', '-1MB', '1 PB', '1MBit', 'MB'])('%j is no number of bytes', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});
