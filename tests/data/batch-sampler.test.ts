import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import { epochIndices, epochLength } from '../../src/data/samplers/indices.js';

const size = { height: 28, width: 28 };

test('evaluation keeps the order, and the last batch is short', () => {
  const sampler = new BatchSampler({ ...size, count: 250, batchSize: 100, shuffle: false });
  const batches = [...sampler.epoch(3)];
  expect(batches.map(({ indices }) => indices.length)).toEqual([100, 100, 50]);
  expect(batches.flatMap(({ indices }) => [...indices])).toEqual(Array.from({ length: 250 }, (_, i) => i));
  expect(sampler.shapes).toEqual([
    { ...size, batch: 100 },
    { ...size, batch: 50 },
  ]);
});

test('training shuffles as CVNets does', () => {
  const sampler = new BatchSampler({ ...size, count: 1000, batchSize: 77, shuffle: true });
  const [first] = sampler.epoch(0);
  expect([...first.indices.subarray(0, 4), first.indices[76]]).toEqual([439, 621, 160, 549, 503]);
});

test('repeated augmentation, truncated', () => {
  const options = { count: 8, shuffle: true, repeats: 4, truncateRepeats: true };
  expect([...epochIndices(0, options).indices]).toEqual([4, 4, 4, 4, 1, 1, 1, 1]);
});

test('every image comes once an epoch, in batches of the promised shapes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 80 }),
      fc.nat(50),
      (count, batchSize, epoch) => {
        const sampler = new BatchSampler({ ...size, count, batchSize, shuffle: true });
        const batches = [...sampler.epoch(epoch)];
        expect(batches).toHaveLength(sampler.batches(epoch));
        expect(batches.flatMap(({ indices }) => [...indices]).sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        );
        const promised = new Set(sampler.shapes.map(({ batch }) => batch));
        expect(batches.every(({ indices }) => promised.has(indices.length))).toBe(true);
        expect([...sampler.epoch(epoch)]).toEqual(batches);
      },
    ),
  );
});

test('the length is known without walking', () => {
  for (const options of [
    { count: 7, shuffle: true, repeats: 3 },
    { count: 7, shuffle: true, repeats: 3, truncateRepeats: true },
    { count: 7, shuffle: false, repeats: 3 },
  ]) {
    expect(epochIndices(1, options).indices).toHaveLength(epochLength(options));
  }
});

test('refuses sizes that make no sense', () => {
  expect(() => new BatchSampler({ ...size, count: 10, batchSize: 0, shuffle: true })).toThrow('batchSize is 0');
  expect(() => new BatchSampler({ ...size, count: 0, batchSize: 1, shuffle: true })).toThrow('count is 0');
});
