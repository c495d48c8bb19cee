import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { JpegDecoder } from '../../../src/data/images/jpeg.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { samplings, scene } from '../../support/jpeg-cases.js';
import { encodeJpeg } from '../../support/jpeg-encoder.js';

let decoder: JpegDecoder;
beforeAll(async () => {
  decoder = await JpegDecoder.create(nodePlatform);
});

describe('a region is the crop of the whole picture', () => {
  for (const [name, sampling] of Object.entries(samplings)) {
    test(name, () => {
      const shapes = [
        { width: 131, height: 97, restartInterval: 0 },
        { width: 70, height: 90, restartInterval: 3 },
      ];
      for (const shape of shapes) {
        const scans = sampling.length === 3 && shape.restartInterval > 0 ? [[0], [1, 2]] : undefined;
        const bytes = encodeJpeg({ ...shape, sampling, scans, sample: scene(4), step: 2 });
        const whole = decoder.decode(bytes).data.slice();
        const span = (size: number) =>
          fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1]);
        fc.assert(
          fc.property(span(shape.width), span(shape.height), ([x, width], [y, height]) => {
            const { data } = decoder.decode(bytes, { region: { x, y, width, height } });
            expect(data.length).toBe(width * height * 3);
            for (let row = 0; row < height; row++) {
              const from = ((y + row) * shape.width + x) * 3;
              const want = whole.subarray(from, from + width * 3);
              expect(Buffer.compare(data.subarray(row * width * 3, (row + 1) * width * 3), want)).toBe(0);
            }
          }),
          {
            numRuns: 60,
            examples: [
              [
                [0, 1],
                [0, 1],
              ],
              [
                [shape.width - 1, 1],
                [shape.height - 1, 1],
              ],
            ],
          },
        );
      }
    });
  }
});

test('a region that does not lie in the picture is refused', () => {
  const bytes = encodeJpeg({ width: 20, height: 10, sampling: [[1, 1]], sample: scene(1), step: 2 });
  for (const [x, y, width, height] of [
    [-1, 0, 2, 2],
    [0, 0, 21, 1],
    [19, 9, 1, 2],
    [0, 0, 0, 5],
    [0.5, 0, 1, 1],
    [0, 0, Number.NaN, 1],
  ]) {
    const region = { x, y, width, height };
    expect(() => decoder.decode(bytes, { region })).toThrow(/region .* of a JPEG of 20x10 pixels/);
  }
});

test('data behind the region is not read', () => {
  const bytes = encodeJpeg({ width: 64, height: 256, sampling: [[1, 1]], sample: scene(3), step: 1 });
  const cut = bytes.subarray(0, bytes.length - 200);
  const region = { x: 8, y: 0, width: 30, height: 40 };
  const want = decoder.decode(bytes, { region }).data.slice();
  expect(Buffer.compare(decoder.decode(cut, { region }).data, want)).toBe(0);
  expect(() => decoder.decode(cut)).toThrow('ends too early');
});
