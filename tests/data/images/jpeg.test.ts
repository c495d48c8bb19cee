import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { JpegDecoder } from '../../../src/data/images/jpeg.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { decodeJpegReference } from '../../reference/jpeg.js';
import { jpegCases } from '../../support/jpeg-cases.js';
import { encodeJpeg } from '../../support/jpeg-encoder.js';

let decoder: JpegDecoder;
beforeAll(async () => {
  decoder = await JpegDecoder.create(nodePlatform);
});

const cases = [...jpegCases()];
const md5 = (...parts: (string | Uint8Array)[]) => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

describe('every byte is the reference decoder’s', () => {
  test(`${cases.length} streams: sizes 1 to 40, samplings, qualities, restarts, scans, 16-bit tables`, () => {
    for (const { name, recipe } of cases) {
      const bytes = encodeJpeg(recipe);
      const want = decodeJpegReference(bytes);
      const { width, height, channels, data } = decoder.decode(bytes);
      expect([width, height, channels], name).toEqual([recipe.width, recipe.height, 3]);
      expect(Buffer.compare(data, want.data), name).toBe(0);
    }
  });
});

test('every byte is djpeg’s, as libjpeg-turbo 2.1.5 gave it', () => {
  const path = join(import.meta.dirname, '../../fixtures/jpeg-md5.json');
  const fixtures: { stream: string; picture: string }[] = JSON.parse(readFileSync(path, 'utf8'));
  expect(fixtures.length).toBe(cases.length);
  for (const [i, { name, recipe }] of cases.entries()) {
    const bytes = encodeJpeg(recipe);
    const { width, height, data } = decoder.decode(bytes);
    const picture = md5(`P6\n${width} ${height}\n255\n`, data);
    expect({ name, stream: md5(bytes), picture }).toEqual({ name, ...fixtures[i] });
  }
});
