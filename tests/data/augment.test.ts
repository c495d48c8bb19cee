import { expect, test } from 'vitest';
import type { ImageDecoder } from '../../src/data/images/decoder.js';
import { PngDecoder } from '../../src/data/images/png.js';
import { type EvalTransform, prepareImage, type TrainTransform } from '../../src/data/transforms/augment.js';
import { centerCrop, flipHorizontal } from '../../src/data/transforms/geometry.js';
import { defaultCrop } from '../../src/data/transforms/random-resized-crop.js';
import { resize } from '../../src/data/transforms/resize.js';
import { noisePng } from '../support/photos.js';

const decoder = new PngDecoder();
const file = noisePng(0);
const photo = decoder.decode(file);
const request = { height: 12, width: 10, epoch: 0, index: 5, position: 9 };
const train: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bilinear', flip: 0.5, seed: 0 };

test('training without crop: the whole photo, mirrored or not', () => {
  const resized = resize(photo, 12, 10, 'bicubic');
  const whole: TrainTransform = { kind: 'train', interpolation: 'bicubic', flip: 0, seed: 0 };
  expect(prepareImage(decoder, file, request, whole)).toEqual(resized);
  expect(prepareImage(decoder, file, request, { ...whole, flip: 1 })).toEqual(flipHorizontal(resized));
});

test('training: what is drawn depends on seed, epoch, photo and place, and on nothing else', () => {
  const draw = (changes: Partial<typeof request> = {}, seed = 0) =>
    prepareImage(decoder, file, { ...request, ...changes }, { ...train, seed });
  const first = draw();
  expect(first).toMatchObject({ width: 10, height: 12 });
  expect(draw()).toEqual(first);
  for (const other of [draw({ epoch: 1 }), draw({ index: 6 }), draw({ position: 10 }), draw({}, 1)]) {
    expect(other).not.toEqual(first);
  }
});

test('half of the photos are mirrored', () => {
  const wide: TrainTransform = { ...train, crop: undefined };
  const upright = resize(photo, 12, 10).data.join();
  const mirrored = Array.from({ length: 400 }, (_, index) =>
    prepareImage(decoder, file, { ...request, index }, wide).data.join(),
  ).filter((data) => data !== upright);
  // Deviation of 400 throws of a coin: 10.
  expect(Math.abs(mirrored.length - 200)).toBeLessThan(50);
});

test('training decodes no more than the crop', () => {
  const regions: unknown[] = [];
  const watching: ImageDecoder = {
    header: (bytes) => decoder.header(bytes),
    decode(bytes, options) {
      regions.push(options?.region);
      return decoder.decode(bytes, options);
    },
  };
  prepareImage(watching, file, request, train);
  expect(regions).toEqual([expect.objectContaining({ x: expect.any(Number), width: expect.any(Number) })]);
});

test('validation: shorter side, then the centre', () => {
  const evaluate: EvalTransform = { kind: 'eval', shortSide: 14, interpolation: 'bilinear' };
  const { width, height } = photo;
  const resized = resize(photo, 14, Math.trunc((14 * width) / height));
  expect(prepareImage(decoder, file, request, evaluate)).toEqual(centerCrop(resized, 12, 10));
  // Without a length of the shorter side: 8/7 of 12.
  const byDefault = prepareImage(decoder, file, request, { kind: 'eval', interpolation: 'bilinear' });
  expect(byDefault).toEqual(prepareImage(decoder, file, request, evaluate));
});
