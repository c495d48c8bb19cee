import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ImageBatch } from '../../src/data/batch.js';
import { ImageDecoders } from '../../src/data/images/decoder.js';
import { JpegDecoder } from '../../src/data/images/jpeg.js';
import { PngDecoder } from '../../src/data/images/png.js';
import { PhotoLoader } from '../../src/data/photo-loader.js';
import { PhotoPool } from '../../src/data/photo-pool.js';
import { inlineReader } from '../../src/data/photo-reader.js';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import { VariableBatchSampler } from '../../src/data/samplers/variable-batch-sampler.js';
import type { TrainTransform } from '../../src/data/transforms/augment.js';
import { defaultCrop } from '../../src/data/transforms/random-resized-crop.js';
import { resize } from '../../src/data/transforms/resize.js';
import { nodePlatform } from '../../src/platform/node.js';
import type { Platform, WorkerHandle } from '../../src/platform/platform.js';
import { FormatError } from '../../src/utils/errors.js';
import { jpegCases } from '../support/jpeg-cases.js';
import { encodeJpeg } from '../support/jpeg-encoder.js';
import { photoDataset } from '../support/photos.js';

const transform: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bicubic', flip: 0.5, seed: 7 };
const request = { height: 12, width: 12, epoch: 0, index: 0, position: 0 };
const output = () => new Uint8Array(new SharedArrayBuffer(432));

/** Node, with the dataset's files in memory. */
async function setUp(count: number) {
  const { files, dataset } = await photoDataset(count);
  const platform: Platform = { ...nodePlatform, files };
  return { files, dataset, platform };
}

async function epochOf(loader: PhotoLoader): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const { release, ...batch } of loader.epoch(4)) batches.push({ ...batch, image: batch.image.slice() });
  return batches;
}

test('any number of workers gives the bytes of the calling thread, with the same photos skipped', async () => {
  const { files, dataset, platform } = await setUp(40);
  await files.write(dataset.paths[5], 'no image');
  // What a file holds counts, not its name: some of the photos are JPEG.
  const streams = [...jpegCases()].map(({ recipe }) => encodeJpeg(recipe));
  for (let i = 10; i < 30; i++) await files.write(dataset.paths[i], streams[(i * 17) % streams.length]);
  const decoder = new ImageDecoders({ jpeg: await JpegDecoder.create(platform), png: new PngDecoder() });
  const sampler = new BatchSampler({ count: 40, batchSize: 8, height: 12, width: 10, shuffle: true });
  const inline = new PhotoLoader(dataset, sampler, inlineReader(files, { decoder, resize }, transform));
  const expected = await epochOf(inline);
  for (const [threads, sharedMemory] of [
    [1, true],
    [3, true],
    [2, false],
  ] as const) {
    const pool = new PhotoPool({ ...platform, sharedMemory }, transform, threads);
    const loader = new PhotoLoader(dataset, sampler, pool);
    try {
      expect(await epochOf(loader)).toEqual(expected);
      expect([...loader.skipped]).toEqual([...inline.skipped]);
      expect(loader.ring.take(1).buffer instanceof SharedArrayBuffer).toBe(sharedMemory);
      expect(loader.description).toBe(
        sharedMemory
          ? `read by ${threads} thread${threads === 1 ? '' : 's'} into shared memory`
          : 'read by 2 threads whose pixels are copied once, as this page has no shared memory',
      );
    } finally {
      await loader.close();
    }
  }
});

test('with any workers, prefetch, damaged files and place to stop at, batches are those of one thread', async () => {
  const { files, dataset, platform } = await setUp(31);
  const original = await Promise.all(dataset.paths.map((path) => files.read(path)));
  const decoder = new ImageDecoders({ png: new PngDecoder() });
  const scales = { height: { base: 12, min: 8, max: 16 }, width: { base: 12, min: 8, max: 16 }, maxScales: 3 };
  const sampler = new VariableBatchSampler({ ...scales, checkScale: 4, count: 31, shuffle: true, batchSize: 5 });
  const choices = {
    threads: fc.integer({ min: 1, max: 4 }),
    sharedMemory: fc.boolean(),
    prefetch: fc.integer({ min: 0, max: 4 }),
    damaged: fc.uniqueArray(fc.nat(30), { maxLength: 6 }),
    from: fc.nat(3),
    stop: fc.integer({ min: 1, max: 8 }),
    hold: fc.integer({ min: 1, max: 3 }),
  };
  const property = fc.asyncProperty(fc.record(choices), async (choice) => {
    for (const [i, path] of dataset.paths.entries()) {
      await files.write(path, choice.damaged.includes(i) ? original[i].subarray(0, 40) : original[i]);
    }
    const options = { prefetch: choice.prefetch, maxSkippedShare: 1 };
    const inline = new PhotoLoader(dataset, sampler, inlineReader(files, { decoder, resize }, transform), options);
    const expected = await firstOf(inline, choice);
    const pool = new PhotoPool({ ...platform, sharedMemory: choice.sharedMemory }, transform, choice.threads);
    const loader = new PhotoLoader(dataset, sampler, pool, options);
    try {
      // The second time, the ring's blocks have old pixels in them.
      for (let time = 0; time < 2; time++) expect(await firstOf(loader, choice)).toEqual(expected);
      expect(loader.ring.blocks).toBeLessThanOrEqual(choice.prefetch + 1 + choice.hold);
    } finally {
      await loader.close();
    }
  });
  await fc.assert(property, { numRuns: 12 });
});

/** Some batches of an epoch, copied before they are released `hold` batches later, as a device does that lags behind. */
async function firstOf(loader: PhotoLoader, { from, stop, hold }: { from: number; stop: number; hold: number }) {
  const held: ImageBatch[] = [];
  const copies: Omit<ImageBatch, 'release'>[] = [];
  const letGo = () => {
    const { release, ...batch } = held.shift()!;
    copies.push({ ...batch, image: batch.image.slice() });
    release?.();
  };
  for await (const batch of loader.epoch(4, from)) {
    held.push(batch);
    if (held.length === hold) letGo();
    if (copies.length === stop) break;
  }
  while (held.length > 0) letGo();
  return copies;
}

test('a damaged file is a FormatError with its reason, and the worker goes on', async () => {
  const { files, dataset, platform } = await setUp(2);
  await files.write(dataset.paths[0], 'no image');
  const pool = new PhotoPool(platform, transform, 1);
  try {
    const failed = pool.read(dataset.paths[0], request, output());
    await expect(failed).rejects.toThrow(FormatError);
    await expect(failed).rejects.toThrow('starts with 6e 6f 20 69');
    const pixels = output();
    await pool.read(dataset.paths[1], request, pixels);
    expect(pixels.some((byte) => byte > 0)).toBe(true);
  } finally {
    await pool.close();
  }
});

test('the time of the threads is counted', async () => {
  const { dataset, platform } = await setUp(1);
  const pool = new PhotoPool(platform, transform, 2);
  const start = performance.now();
  try {
    // A host may count it in ticks of some milliseconds: this ends with the first.
    while (pool.decodeMilliseconds === 0) await pool.read(dataset.paths[0], request, output());
    expect(pool.decodeMilliseconds).toBeLessThan(2 * (performance.now() - start));
  } finally {
    await pool.close();
  }
});

/** A platform whose workers never answer. */
function deaf(platform: Platform) {
  const workers: (WorkerHandle & { fail?: (error: Error) => void; jobs: number; ended: boolean })[] = [];
  const startWorker = (): WorkerHandle => {
    const worker = {
      jobs: -1,
      ended: false,
      fail: undefined as ((error: Error) => void) | undefined,
      post: () => {
        worker.jobs++;
      },
      onMessage: () => {},
      onError: (listener: (error: Error) => void) => {
        worker.fail = listener;
      },
      terminate: async () => {
        worker.ended = true;
      },
    };
    workers.push(worker);
    return worker;
  };
  return { platform: { ...platform, startWorker }, workers };
}

describe('shutdown', () => {
  const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

  test('a worker holds two files at most; closing fails what is under way', async () => {
    const { dataset, platform } = await setUp(12);
    const { platform: quiet, workers } = deaf(platform);
    const pool = new PhotoPool(quiet, transform, 2);
    expect(workers).toHaveLength(0);
    const reads = dataset.paths.map((path) => pool.read(path, request, output()));
    const results = Promise.allSettled(reads);
    await settle();
    expect(workers.map(({ jobs }) => jobs)).toEqual([2, 2]);
    await pool.close();
    for (const { status } of await results) expect(status).toBe('rejected');
    expect(workers.map(({ jobs, ended }) => [jobs, ended])).toEqual([
      [2, true],
      [2, true],
    ]);
    await expect(pool.read(dataset.paths[0], request, output())).rejects.toThrow('closed');
  });

  test('a worker that dies fails every photo, as an error that is no damaged file', async () => {
    const { dataset, platform } = await setUp(4);
    const { platform: quiet, workers } = deaf(platform);
    const pool = new PhotoPool(quiet, transform, 1);
    const read = pool.read(dataset.paths[0], request, output());
    read.catch(() => {});
    await settle();
    workers[0].fail?.(new Error('out of memory'));
    await expect(read).rejects.toThrow('a thread that reads photos stopped: out of memory');
    await expect(read).rejects.not.toThrow(FormatError);
    await pool.close();
  });

  test('closing what never started', async () => {
    const { platform } = await setUp(1);
    await new PhotoPool(platform, transform, 2).close();
  });
});
