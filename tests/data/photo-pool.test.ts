import { describe, expect, test } from 'vitest';
import type { ImageBatch } from '../../src/data/batch.js';
import { ImageDecoders } from '../../src/data/images/decoder.js';
import { JpegDecoder } from '../../src/data/images/jpeg.js';
import { PngDecoder } from '../../src/data/images/png.js';
import { inlineReader, PhotoLoader } from '../../src/data/photo-loader.js';
import { PhotoPool } from '../../src/data/photo-pool.js';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
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

/** Node, with the dataset's files in memory. */
async function setUp(count: number) {
  const { files, dataset } = await photoDataset(count);
  const platform: Platform = { ...nodePlatform, files };
  return { files, dataset, platform };
}

async function epochOf(loader: PhotoLoader): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of loader.epoch(4)) batches.push(batch);
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
  for (const threads of [1, 3]) {
    const loader = new PhotoLoader(dataset, sampler, new PhotoPool(platform, transform, threads));
    try {
      expect(await epochOf(loader)).toEqual(expected);
      expect([...loader.skipped]).toEqual([...inline.skipped]);
    } finally {
      await loader.close();
    }
  }
});

test('a damaged file is a FormatError with its reason, and the worker goes on', async () => {
  const { files, dataset, platform } = await setUp(2);
  await files.write(dataset.paths[0], 'no image');
  const pool = new PhotoPool(platform, transform, 1);
  try {
    const failed = pool.read(dataset.paths[0], request);
    await expect(failed).rejects.toThrow(FormatError);
    await expect(failed).rejects.toThrow('starts with 6e 6f 20 69');
    expect(await pool.read(dataset.paths[1], request)).toHaveLength(432);
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
    const reads = dataset.paths.map((path) => pool.read(path, request));
    const results = Promise.allSettled(reads);
    await settle();
    expect(workers.map(({ jobs }) => jobs)).toEqual([2, 2]);
    await pool.close();
    for (const { status } of await results) expect(status).toBe('rejected');
    expect(workers.map(({ jobs, ended }) => [jobs, ended])).toEqual([
      [2, true],
      [2, true],
    ]);
    await expect(pool.read(dataset.paths[0], request)).rejects.toThrow('closed');
  });

  test('a worker that dies fails every photo, as an error that is no damaged file', async () => {
    const { dataset, platform } = await setUp(4);
    const { platform: quiet, workers } = deaf(platform);
    const pool = new PhotoPool(quiet, transform, 1);
    const read = pool.read(dataset.paths[0], request);
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
