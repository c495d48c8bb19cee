import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import { epochIndices, epochLength, type IndexOptions, type ShardOptions } from '../../src/data/samplers/indices.js';
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
  readonly shards?: ShardOptions;
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

describe('shards', () => {
  const options = { count: 10, shuffle: true, world: 4 };
  const dealt = (epoch: number, ranksPerNode: number, shuffle: boolean, more: Partial<IndexOptions> = {}) =>
    [0, 1, 2, 3].map((rank) => [
      ...epochIndices(epoch, { ...options, rank, shards: { ranksPerNode, shuffle }, ...more }).indices,
    ]);

  test('each node has neighbouring images, the list being filled from its front', () => {
    // 10 images on 4 ranks are filled up to 12: six for a node of two ranks, which take turns.
    expect(dealt(3, 2, false)).toEqual([
      [0, 2, 4],
      [1, 3, 5],
      [6, 8, 0],
      [7, 9, 1],
    ]);
    expect(dealt(3, 1, false)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 0, 1],
    ]);
  });

  // Obtained with CPython's random, seeded with the epoch: node 0 has images 0 to 5, node 1 has 6 to 9, 0 and 1.
  test.each([
    [0, {}, ['4 1 5', '2 0 3', '0 7 1', '8 6 9']],
    [1, {}, ['2 5 4', '3 0 1', '8 1 0', '9 6 7']],
    [0, { repeats: 2, truncateRepeats: true }, ['4 2 1', '4 2 1', '0 8 7', '0 8 7']],
  ] as const)('epoch %i, %j: the parts are shuffled', (epoch, more, expected) => {
    expect(dealt(epoch, 2, true, more).map((indices) => indices.join(' '))).toEqual(expected);
  });

  test('repeats are dealt inside the part', () => {
    expect(dealt(0, 2, false, { repeats: 2, truncateRepeats: true })).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [6, 7, 8],
      [6, 7, 8],
    ]);
  });

  test('nodes see different images, ranks draw the same sizes, evaluation has no shards', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(1, 2), ({ epoch, ...rest }, ranksPerNode) => {
        const shards = { ranksPerNode, shuffle: true };
        const count = 4 * rest.count;
        const ranks = [0, 1, 2, 3].map((rank) => make({ ...rest, count, repeats: 1, rank, world: 4, shards }));
        const sizes = ranks.map((sampler) => [...sampler.epoch(epoch)].map(({ indices: _, ...size }) => size));
        for (const other of sizes) expect(other).toEqual(sizes[0]);
        const nodes = ranks.map((sampler) => new Set(indicesOf(sampler, epoch)));
        expect([...nodes[0]].filter((index) => nodes[2].has(index))).toEqual([]);
        expect(new Set(nodes.flatMap((node) => [...node])).size).toBe(count);
        const whole = { count: 5, shuffle: false, world: 2, rank: 1 };
        expect(epochIndices(0, { ...whole, shards }).indices).toEqual(epochIndices(0, whole).indices);
      }),
    );
  });

  test.each([
    [{ rank: 2, world: 2 }, 'rank 2 of 2\n  hint: ranks are counted from 0 to 1'],
    [{ world: 0 }, 'there are 0 ranks'],
    [{ world: 4, shards: { ranksPerNode: 3, shuffle: true } }, '4 ranks cannot be shared by nodes of 3'],
  ])('%j is refused', (wrong, message) => {
    const size = { height: 8, width: 8, batchSize: 2, count: 10, shuffle: true };
    expect(() => new BatchSampler({ ...size, ...wrong })).toThrow(message);
  });
});

describe('updateIndices', () => {
  const few = [7, 3, 9, 1, 4];

  test('only the images of the list are drawn from then on, shuffled as if they were all', () => {
    const size = { height: 8, width: 8, batchSize: 2, shuffle: true };
    const sampler = new BatchSampler({ ...size, count: 10 });
    expect(sampler.batches(0)).toBe(5);
    sampler.updateIndices(few);
    const alone = new BatchSampler({ ...size, count: few.length });
    expect(indicesOf(sampler, 2)).toEqual(indicesOf(alone, 2).map((index) => few[index]));
    expect([sampler.batches(0), sampler.shapes]).toEqual([alone.batches(0), alone.shapes]);
  });

  test.each(['multi-scale', 'variable'] as const)('%s', (name) => {
    const rest = { count: 40, batchSize: 4, min: 32, span: 64, repeats: 1, truncateRepeats: false, rank: 0, world: 1 };
    const sampler = make({ ...rest, name }) as MultiScaleSampler | VariableBatchSampler;
    const before = sampler.batches(0);
    sampler.updateIndices(few);
    expect(new Set(indicesOf(sampler, 0))).toEqual(new Set(few));
    expect(sampler.batches(0)).toBeLessThan(before);
    expect(() => sampler.updateIndices([])).toThrow('the sampler got 0 images');
  });
});
