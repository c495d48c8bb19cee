import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import { epochIndices, epochLength } from '../../src/data/samplers/indices.js';
import { MultiScaleSampler } from '../../src/data/samplers/multi-scale-sampler.js';
import type { Sampler } from '../../src/data/samplers/sampler.js';
import { VariableBatchSampler } from '../../src/data/samplers/variable-batch-sampler.js';

const names = ['batch', 'multi-scale', 'variable'] as const;

interface Case {
  readonly name: (typeof names)[number];
  readonly count: number;
  readonly batchSize: number;
  readonly epoch: number;
  readonly min: number;
  readonly span: number;
  readonly repeats: number;
  readonly truncateRepeats: boolean;
  readonly rank: number;
  readonly world: number;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    name: fc.constantFrom(...names),
    count: fc.integer({ min: 1, max: 300 }),
    batchSize: fc.integer({ min: 1, max: 80 }),
    epoch: fc.nat(50),
    min: fc.integer({ min: 8, max: 128 }),
    span: fc.nat(256),
    repeats: fc.integer({ min: 1, max: 3 }),
    truncateRepeats: fc.boolean(),
    world: fc.integer({ min: 1, max: 4 }),
  })
  .chain((rest) => fc.nat(rest.world - 1).map((rank) => ({ ...rest, rank })));

function make({ name, min, span, ...rest }: Omit<Case, 'epoch'>, shuffle = true): Sampler {
  const range = { base: min + (span >> 1), min, max: min + span };
  const scales = { height: range, width: range, maxScales: 5, checkScale: 16 };
  if (name === 'batch') return new BatchSampler({ ...rest, shuffle, height: 64, width: 64 });
  return name === 'variable'
    ? new VariableBatchSampler({ ...rest, ...scales, shuffle })
    : new MultiScaleSampler({ ...rest, ...scales, shuffle });
}

const indicesOf = (sampler: Sampler, epoch: number) => [...sampler.epoch(epoch)].flatMap(({ indices }) => [...indices]);

test('before padding, every image comes once an epoch; padding repeats the first', () => {
  fc.assert(
    fc.property(cases, ({ epoch, ...rest }) => {
      const sampler = make({ ...rest, repeats: 1, rank: 0, world: 1 });
      const all = indicesOf(sampler, epoch);
      const own = all.slice(0, rest.count);
      expect(own.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rest.count }, (_, i) => i));
      expect(all.every((index, i) => index === own[i % rest.count])).toBe(true);
    }),
  );
});

test('batches have the promised shapes and number, and an epoch depends on nothing but its number', () => {
  fc.assert(
    fc.property(cases, ({ epoch, ...rest }) => {
      const sampler = make(rest);
      const batches = [...sampler.epoch(epoch)];
      const promised = sampler.shapes.map((shape) => JSON.stringify(shape));
      for (const { height, width, indices } of batches) {
        expect(promised).toContain(JSON.stringify({ height, width, batch: indices.length }));
      }
      expect(sampler.batches(epoch)).toBe(batches.length);
      sampler.batches(epoch + 1);
      expect([...make(rest).epoch(epoch)]).toEqual(batches);
    }),
  );
});

test('ranks take equally many images of the same resolutions, and together all of them', () => {
  fc.assert(
    fc.property(cases, fc.boolean(), ({ epoch, ...rest }, shuffle) => {
      const { count, world } = rest;
      const ranks = Array.from({ length: world }, (_, rank) => make({ ...rest, repeats: 1, rank }, shuffle));
      const epochs = ranks.map((sampler) => [...sampler.epoch(epoch)]);
      const sizes = epochs.map((batches) =>
        batches.map(({ height, width, indices }) => [height, width, indices.length]),
      );
      for (const other of sizes) expect(other).toEqual(sizes[0]);
      expect(new Set(ranks.flatMap((sampler) => indicesOf(sampler, epoch))).size).toBe(count);
    }),
  );
});

test('an epoch of indices is as long as it says, on every rank', () => {
  fc.assert(
    fc.property(cases, fc.boolean(), ({ epoch, ...options }, shuffle) => {
      const { indices } = epochIndices(epoch, { ...options, shuffle });
      expect(indices).toHaveLength(epochLength({ ...options, shuffle }));
      expect(indices.every((index) => index < options.count)).toBe(true);
    }),
  );
});

test('ranks deal the repeated indices out one by one', () => {
  // 8 shuffled by seed 0 starts 4, 1.
  const options = { count: 8, shuffle: true, repeats: 4, truncateRepeats: true, world: 2 };
  expect([...epochIndices(0, { ...options, rank: 0 }).indices]).toEqual([4, 4, 1, 1]);
  expect([...epochIndices(0, { ...options, rank: 1 }).indices]).toEqual([4, 4, 1, 1]);
  const evaluation = { count: 5, shuffle: false, world: 2 };
  expect([...epochIndices(0, { ...evaluation, rank: 0 }).indices]).toEqual([0, 2, 4]);
  expect([...epochIndices(0, { ...evaluation, rank: 1 }).indices]).toEqual([1, 3, 0]);
});

test('a batch with more images than there are goes round', () => {
  const range = { base: 32, min: 32, max: 32 };
  const scales = { height: range, width: range, maxScales: 1, checkScale: 32 };
  const sampler = new MultiScaleSampler({ ...scales, count: 3, shuffle: false, batchSize: 7 });
  expect(indicesOf(sampler, 0)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  expect(sampler.shapes).toEqual([{ height: 32, width: 32, batch: 7 }]);
});
