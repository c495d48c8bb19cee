import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { crc32, crc32c } from '../../src/formats/crc.js';
import { encodePng } from '../../src/formats/png.js';

describe('png', () => {
  test.each([
    [1, 1],
    [3, 2],
    [17, 5],
    [200, 101],
  ])('%ix%i comes back from another reader', async (width, height) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 31 + i) & 255);
    const png = decode(await encodePng({ width, height, data }), { checkCrc: true });
    expect(png).toMatchObject({ width, height, depth: 8, channels: 3 });
    expect(png.data).toEqual(data);
  });

  test('pixels that do not fit are refused', async () => {
    await expect(encodePng({ width: 2, height: 2, data: new Uint8Array(11) })).rejects.toThrow('2x2 from 11 bytes');
    await expect(encodePng({ width: 0, height: 2, data: new Uint8Array(0) })).rejects.toThrow('0x2');
  });
});

test('checks of "123456789"', () => {
  const bytes = new TextEncoder().encode('123456789');
  expect(crc32(bytes).toString(16)).toBe('cbf43926');
  expect(crc32c(bytes).toString(16)).toBe('e3069283');
});
