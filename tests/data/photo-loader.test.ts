import { describe, expect, test } from 'vitest';
import { firstBatch, type ImageBatch, timed } from '../../src/data/batch.js';
import { ImageDecoders } from '../../src/data/images/decoder.js';
import { PngDecoder } from '../../src/data/images/png.js';
import { PhotoLoader, type PhotoLoaderOptions } from '../../src/data/photo-loader.js';
import { inlineReader, type PhotoReader } from '../../src/data/photo-reader.js';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import { VariableBatchSampler } from '../../src/data/samplers/variable-batch-sampler.js';
import { prepareImage, type TrainTransform } from '../../src/data/transforms/augment.js';
import { defaultCrop } from '../../src/data/transforms/random-resized-crop.js';
import { resize } from '../../src/data/transforms/resize.js';
import type { Files } from '../../src/platform/platform.js';
import { FormatError } from '../../src/utils/errors.js';
import { noisePng, photoDataset } from '../support/photos.js';

const transform: TrainTransform = { kind: 'train', crop: defaultCrop, interpolation: 'bilinear', flip: 0.5, seed: 0 };
const decoder = new ImageDecoders({ png: new PngDecoder() });
const tools = { decoder, resize };

/** Batches without what gives them back. */
async function collect(batches: AsyncIterable<ImageBatch>): Promise<ImageBatch[]> {
  const all: ImageBatch[] = [];
  for await (const { release, ...batch } of batches) all.push(batch);
  return all;
}

function samplerOf(count: number, batchSize = 4) {
  return new BatchSampler({ count, batchSize, height: 12, width: 12, shuffle: true });
}

async function loaderOf(count: number, change?: (files: Files) => Promise<void>, options?: PhotoLoaderOptions) {
  const { files, dataset } = await photoDataset(count);
  await change?.(files);
  return new PhotoLoader(dataset, samplerOf(count), inlineReader(files, tools, transform), options);
}

test('batches hold the photos that the sampler chose, transformed', async () => {
  const { files, dataset } = await photoDataset(10);
  const loader = new PhotoLoader(dataset, samplerOf(10), inlineReader(files, tools, transform));
  const batches = await collect(loader.epoch(3));
  expect(batches.map(({ size }) => size)).toEqual([4, 4, 2]);
  let position = 0;
  for (const [i, { indices }] of [...loader.sampler.epoch(3)].entries()) {
    expect([...batches[i].target]).toEqual([...indices].map((index) => dataset.labels[index]));
    for (const [j, index] of indices.entries()) {
      const request = { height: 12, width: 12, epoch: 3, index, position: position++ };
      const { data } = prepareImage(decoder, await files.read(dataset.paths[index]), request, transform);
      expect(batches[i].image.subarray(j * 432, (j + 1) * 432)).toEqual(data);
    }
  }
});

test('sizes follow the sampler', async () => {
  const { files, dataset } = await photoDataset(40);
  const range = { base: 16, min: 8, max: 24 };
  const scales = { height: range, width: range, maxScales: 3, checkScale: 8 };
  const sampler = new VariableBatchSampler({ ...scales, count: 40, shuffle: true, batchSize: 8 });
  const loader = new PhotoLoader(dataset, sampler, inlineReader(files, tools, transform));
  for (const { size, height, width, image, target } of await collect(loader.epoch(1))) {
    expect(image).toHaveLength(size * height * width * 3);
    expect(target).toHaveLength(size);
    expect(sampler.shapes).toContainEqual({ height, width, batch: size });
  }
});

test('an epoch can go on in its middle, however much is read ahead', async () => {
  const whole = await collect((await loaderOf(18, undefined, { prefetch: 0 })).epoch(2));
  const rest = await collect((await loaderOf(18, undefined, { prefetch: 5 })).epoch(2, 2));
  expect(rest).toEqual(whole.slice(2));
});

const readerOf = (read: PhotoReader['read']): PhotoReader => ({
  description: 'a test',
  shared: false,
  decodeMilliseconds: 0,
  read,
  close: async () => {},
});

/** A reader whose photos arrive when the test says so. */
function slowReader() {
  const waiting: (() => void)[] = [];
  let done = 0;
  const reader = readerOf(async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    done++;
  });
  return { reader, waiting, done: () => done };
}

test('no more is read ahead than the prefetch says', async () => {
  const { dataset } = await photoDataset(40);
  const { reader, waiting, done } = slowReader();
  const loader = new PhotoLoader(dataset, samplerOf(40), reader, { prefetch: 2 });
  const epoch = loader.epoch(0)[Symbol.asyncIterator]();
  const first = epoch.next();
  await new Promise((resolve) => setTimeout(resolve));
  expect(waiting).toHaveLength(12);
  for (const arrive of waiting.splice(0, 4)) arrive();
  expect((await first).value?.size).toBe(4);
  await new Promise((resolve) => setTimeout(resolve));
  expect(waiting).toHaveLength(8);

  // Leaving waits for what is under way, and starts nothing more.
  const left = epoch.return?.(undefined);
  for (const arrive of waiting.splice(0)) arrive();
  await left;
  expect(done()).toBe(12);
  expect(waiting).toHaveLength(0);
});

test('waiting is measured from the question to the answer', async () => {
  const { dataset } = await photoDataset(8);
  let clock = 0;
  const reader = readerOf(async () => {
    clock += 10;
  });
  const waits: number[] = [];
  const loader = new PhotoLoader(dataset, samplerOf(8), reader, { prefetch: 0 });
  for await (const { size } of timed(
    loader.epoch(0),
    () => clock,
    (wait) => waits.push(wait),
  )) {
    expect(size).toBe(4);
    clock += 1000;
  }
  expect(waits).toEqual([40, 40]);
});

test('one batch of an epoch', async () => {
  const loader = await loaderOf(10);
  const all = await collect(loader.epoch(1));
  expect(await firstBatch(loader, 1, 2)).toMatchObject(all[2]);
  await expect(firstBatch(loader, 1, 3)).rejects.toThrow('epoch 1 has no batch 3');
});

describe('the ring', () => {
  test('has as many blocks as are in use at once, and fills them again when they are released', async () => {
    const loader = await loaderOf(40, undefined, { prefetch: 2 });
    const held: ImageBatch[] = [];
    const buffers = new Set<ArrayBufferLike>();
    for await (const batch of loader.epoch(0)) {
      buffers.add(batch.image.buffer);
      held.push(batch);
      if (held.length === 2) held.shift()?.release?.();
    }
    // Two that are filled ahead and one that is asked for, and the one that the consumer holds.
    expect(loader.ring.blocks).toBe(4);
    expect(buffers.size).toBe(4);
    held.pop()?.release?.();
    for await (const batch of loader.epoch(1)) batch.release?.();
    expect(loader.ring.blocks).toBe(4);
  });

  test('what is not released is never filled again', async () => {
    const loader = await loaderOf(18);
    const kept = await collect(loader.epoch(2));
    const copies = kept.map(({ image }) => image.slice());
    await collect(loader.epoch(3));
    expect(kept.map(({ image }) => image)).toEqual(copies);
  });

  test('a batch can be released twice', async () => {
    const loader = await loaderOf(18, undefined, { prefetch: 3 });
    for await (const batch of loader.epoch(0)) {
      batch.release?.();
      batch.release?.();
    }
    const again = await collect(loader.epoch(1));
    expect(new Set(again.map(({ image }) => image.buffer)).size).toBe(again.length);
    expect(again).toEqual(await collect((await loaderOf(18)).epoch(1)));
  });

  test('leaving early and errors give back what was under way', async () => {
    let healthy = true;
    const { dataset } = await photoDataset(40);
    const reader = readerOf(async () => {
      if (!healthy) throw new TypeError('a bug');
    });
    const loader = new PhotoLoader(dataset, samplerOf(40), reader, { prefetch: 2 });
    for (let i = 0; i < 3; i++) (await firstBatch(loader, 0, i)).release?.();
    expect(loader.ring.blocks).toBe(3);
    healthy = false;
    for (let i = 0; i < 3; i++) await expect(firstBatch(loader, 0, i)).rejects.toThrow('a bug');
    expect(loader.ring.blocks).toBe(3);
  });

  test('no block is given away while a photo is being written into it', async () => {
    const { dataset } = await photoDataset(8);
    let finish = () => {};
    const written: string[] = [];
    const reader = readerOf(async (path, { position }) => {
      if (position === 0) throw new TypeError('a bug');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      written.push(path);
    });
    const loader = new PhotoLoader(dataset, samplerOf(8, 2), reader, { prefetch: 0 });
    const failed = firstBatch(loader, 0, 0).then(
      () => 'a batch',
      () => `an error after ${written.length}`,
    );
    await new Promise((resolve) => setTimeout(resolve));
    finish();
    expect(await failed).toBe('an error after 1');
  });
});

describe('photos that cannot be read', () => {
  const damage =
    (...names: string[]) =>
    async (files: Files) => {
      for (const name of names) await files.write(name, name.length % 2 ? 'no image' : noisePng(3).subarray(0, 60));
    };

  test('are listed, and the next one takes their place', async () => {
    const loader = await loaderOf(30, damage('photos/a/003.png'));
    const batches = await collect(loader.epoch(0));
    expect([...loader.skipped.keys()]).toEqual(['photos/a/003.png']);
    expect(batches.map(({ size }) => size)).toEqual([4, 4, 4, 4, 4, 4, 4, 2]);
    // Photo 1 of the dataset is damaged: where it was asked for, photo 2 is, drawn for that place.
    const healthy = await loaderOf(30);
    const [all, indices] = [await collect(healthy.epoch(0)), [...healthy.sampler.epoch(0)]];
    const [batch, place] = indices.map(({ indices }, i) => [i, indices.indexOf(1)]).find(([, j]) => j >= 0)!;
    const other = healthy.reader;
    const request = { height: 12, width: 12, epoch: 0, index: 2, position: 4 * batch + place };
    await other.read(healthy.dataset.paths[2], request, all[batch].image.subarray(place * 432, (place + 1) * 432));
    expect(batches).toEqual(all);
  });

  test('too many stop the run', async () => {
    const loader = await loaderOf(30, damage('photos/a/003.png', 'photos/b/004.png'));
    await expect(collect(loader.epoch(0))).rejects.toThrow(
      /photos train: 2 of 30 photos cannot be read.*003.png|004.png/,
    );
    const patient = await loaderOf(30, damage('photos/a/003.png', 'photos/b/004.png'), { maxSkippedShare: 0.1 });
    await collect(patient.epoch(0));
    expect(patient.skipped.size).toBe(2);
  });

  test('a missing file is one of them; another error is not', async () => {
    const loader = await loaderOf(30, (files) => files.remove('photos/a/003.png'));
    await collect(loader.epoch(0));
    expect(loader.skipped.get('photos/a/003.png')).toMatch('cannot read');
    const { dataset } = await photoDataset(30);
    const broken = readerOf(() => Promise.reject(new TypeError('a bug')));
    await expect(collect(new PhotoLoader(dataset, samplerOf(30), broken).epoch(0))).rejects.toThrow('a bug');
  });

  test('when all are, that is what is said', async () => {
    const { dataset } = await photoDataset(4);
    const broken = readerOf(() => Promise.reject(new FormatError('no')));
    const loader = new PhotoLoader(dataset, samplerOf(4), broken, { maxSkippedShare: 1 });
    await expect(collect(loader.epoch(0))).rejects.toThrow('no photo can be read');
  });
});
