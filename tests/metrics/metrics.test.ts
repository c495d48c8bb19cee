import { expect, test } from 'vitest';
import { Accuracy } from '../../src/metrics/accuracy.js';
import { Average, rounded } from '../../src/metrics/average.js';

test('an average counts every sample once', () => {
  const loss = new Average();
  expect(loss.value).toBe(0);
  loss.add(1, 3);
  loss.add(2, 1);
  expect(loss.value).toBe(1.25);
});

test('accuracy is in percent, by k', () => {
  const accuracy = new Accuracy();
  accuracy.add([1, 3], 4);
  accuracy.add(Float32Array.of(2, 2), 2);
  expect(accuracy.values).toEqual({ top1: 50, top5: 500 / 6 });
});

test('four places', () => {
  expect(rounded(83.333333)).toBe(83.3333);
});
