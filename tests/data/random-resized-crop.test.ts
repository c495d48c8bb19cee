import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultCrop, randomCrop } from '../../src/data/transforms/random-resized-crop.js';
import { PhiloxSequence } from '../../src/utils/random.js';

const sequence = (index: number) => new PhiloxSequence(0, 1, [index, 0, 0]);

test('crops are inside the image and, unless no draw fits, of an allowed area and ratio', () => {
  const side = fc.integer({ min: 1, max: 600 });
  fc.assert(
    fc.property(side, side, fc.nat(), (width, height, index) => {
      const crop = randomCrop({ width, height }, defaultCrop, sequence(index));
      expect(crop.x).toBeGreaterThanOrEqual(0);
      expect(crop.y).toBeGreaterThanOrEqual(0);
      expect(crop.width).toBeGreaterThan(0);
      expect(crop.height).toBeGreaterThan(0);
      expect(crop.x + crop.width).toBeLessThanOrEqual(width);
      expect(crop.y + crop.height).toBeLessThanOrEqual(height);
      expect(randomCrop({ width, height }, defaultCrop, sequence(index))).toEqual(crop);
      if (Math.min(width, height) < 100 || Math.max(width, height) > 2 * Math.min(width, height)) return;
      // Rounding of both sides moves area and ratio a little.
      const ratio = crop.width / crop.height;
      expect(ratio).toBeGreaterThan(0.75 * 0.95);
      expect(ratio).toBeLessThan((4 / 3) * 1.05);
      expect((crop.width * crop.height) / (width * height)).toBeGreaterThan(0.08 * 0.95);
    }),
  );
});

test('shares of the area are uniform, places too', () => {
  const count = 4000;
  const full = { width: 1000, height: 1000 };
  const scale = [0.1, 0.5] as const;
  const crops = Array.from({ length: count }, (_, i) => randomCrop(full, { ...defaultCrop, scale }, sequence(i)));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / count;
  // A uniform share has deviation 0.4 / sqrt(12) = 0.115, its mean 0.0018: five of those.
  expect(mean(crops.map(({ width, height }) => (width * height) / 1e6))).toBeCloseTo(0.3, 2);
  expect(mean(crops.map(({ x, width }) => x / (1000 - width)))).toBeCloseTo(0.5, 1);
  expect(mean(crops.map(({ y, height }) => y / (1000 - height)))).toBeCloseTo(0.5, 1);
});

test('where no rectangle fits, the largest centred one', () => {
  const whole = { ...defaultCrop, scale: [1, 1] as const };
  const of = (width: number, height: number) => randomCrop({ width, height }, whole, sequence(0));
  expect(of(400, 30)).toEqual({ x: 180, y: 0, width: 40, height: 30 });
  expect(of(30, 400)).toEqual({ x: 0, y: 180, width: 30, height: 40 });
  const tooMuch = { ...defaultCrop, scale: [4, 5] as const };
  expect(randomCrop({ width: 11, height: 10 }, tooMuch, sequence(0))).toEqual({
    x: 0,
    y: 0,
    width: 11,
    height: 10,
  });
});
