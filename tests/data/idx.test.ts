import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readIdx, writeIdx } from '../../src/data/datasets/idx.js';
import { FormatError } from '../../src/utils/errors.js';

const small = () => writeIdx({ shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 6]) });

test('round trip', () => {
  const { shape, data } = readIdx(small());
  expect(shape).toEqual([2, 3]);
  expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('damaged files are named, never read', () => {
  test.each<[string, (file: Uint8Array) => Uint8Array, string]>([
    ['empty', () => new Uint8Array(0), 'too few for a header'],
    ['gzip', () => new Uint8Array([0x1f, 0x8b, 8, 1, 0]), 'starts with 31, 139'],
    ['floats', (file) => file.with(2, 0x0d), 'element type is 0xd'],
    ['rank 0', (file) => file.with(3, 0), 'rank is 0'],
    ['no dimensions', (file) => file.subarray(0, 9), 'too few for 2 dimensions'],
    ['truncated', (file) => file.subarray(0, 17), 'needs 6 bytes, the file has 5'],
    ['too long', (file) => Uint8Array.from([...file, 0]), 'needs 6 bytes, the file has 7'],
    ['huge', (file) => file.with(4, 255), 'bytes, the file has 6'],
  ])('%s', (_, damage, message) => {
    const read = () => readIdx(damage(small()), 'x.idx');
    expect(read).toThrow(message);
    expect(read).toThrow(FormatError);
  });
});

test('any bytes give an array or a FormatError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const { shape, data } = readIdx(Uint8Array.from([0, 0, ...bytes]));
        expect(data).toHaveLength(shape.reduce((n, d) => n * d, 1));
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }),
  );
});
