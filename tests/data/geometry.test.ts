import { expect, test } from 'vitest';
import type { RgbImage } from '../../src/data/images/image.js';
import { centerCrop, crop, flipHorizontal, shortSideSize } from '../../src/data/transforms/geometry.js';
import { roundHalfToEven } from '../../src/data/transforms/round.js';
import { noiseImage } from '../support/noise-image.js';

/** Every pixel tells where it was: red is x, green is y. */
function ramp(width: number, height: number): RgbImage {
  const pixels = Array.from({ length: width * height }, (_, i) => [i % width, Math.floor(i / width), 255]);
  return { width, height, channels: 3, data: Uint8Array.from(pixels.flat()) };
}

const places = ({ data }: RgbImage) =>
  Array.from({ length: data.length / 3 }, (_, i) => (data[3 * i + 2] ? `${data[3 * i]},${data[3 * i + 1]}` : 'black'));

test('crop', () => {
  const cropped = crop(ramp(5, 4), { x: 2, y: 1, width: 3, height: 2 });
  expect([cropped.width, cropped.height]).toEqual([3, 2]);
  expect(places(cropped)).toEqual(['2,1', '3,1', '4,1', '2,2', '3,2', '4,2']);
});

test.each([
  [-1, 0, 1, 1],
  [0, 0, 6, 1],
  [0, 3, 1, 2],
  [0, 0, 0, 1],
])('a crop at (%i, %i) of %ix%i is refused', (left, top, width, height) => {
  expect(() => crop(ramp(5, 4), { x: left, y: top, width, height })).toThrow('inside the image');
});

// torchvision's center_crop: offsets are Python's round of the halved difference, so 0.5 gives 0 and 1.5 gives 2.
test.each([
  [5, 4, 0, 0],
  [7, 4, 2, 0],
  [6, 9, 1, 2],
])('the centre of %ix%i starts at (%i, %i)', (width, height, left, top) => {
  expect(places(centerCrop(ramp(width, height), 4, 4))[0]).toBe(`${left},${top}`);
});

test('a centre larger than the image is black around it', () => {
  const padded = centerCrop(ramp(1, 2), 3, 4);
  expect(places(padded)).toEqual([
    ...['black', '0,0', 'black', 'black'],
    ...['black', '0,1', 'black', 'black'],
    ...['black', 'black', 'black', 'black'],
  ]);
});

test('a mirror in a mirror', () => {
  expect(places(flipHorizontal(ramp(3, 2)))).toEqual(['2,0', '1,0', '0,0', '2,1', '1,1', '0,1']);
  const image = noiseImage(3, 7, 5);
  expect(flipHorizontal(flipHorizontal(image))).toEqual(image);
});

test('the longer side is cut to whole pixels', () => {
  expect(shortSideSize({ width: 500, height: 333 }, 256)).toEqual({ width: 384, height: 256 });
  expect(shortSideSize({ width: 333, height: 500 }, 256)).toEqual({ width: 256, height: 384 });
  expect(shortSideSize({ width: 7, height: 7 }, 5)).toEqual({ width: 5, height: 5 });
});

test("Python's round", () => {
  expect([0.5, 1.5, 2.5, 2.4, 2.6, 3].map(roundHalfToEven)).toEqual([0, 2, 2, 2, 3, 3]);
});
