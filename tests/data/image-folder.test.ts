import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isPhotoDataset } from '../../src/data/datasets/dataset.js';
import { classNames, loadImageFolder } from '../../src/data/datasets/image-folder.js';
import { subset } from '../../src/data/datasets/subset.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { nodePlatform } from '../../src/platform/node.js';
import { photoFolder } from '../support/photos.js';

async function filesOf(...paths: string[]) {
  const files = memoryFiles();
  for (const path of paths) await files.write(path, 'x');
  return files;
}

test('one folder a class, sorted; other files are left alone', async () => {
  const files = await filesOf(
    'r/roses/b.JPEG',
    'r/roses/a.jpg',
    'r/daisy/c.png',
    'r/daisy/.hidden.png',
    'r/daisy/notes.txt',
    'r/empty/notes.txt',
    'r/.cache/x.png',
    'r/readme.md',
    'r/cover.jpg',
  );
  const dataset = await loadImageFolder(files, 'r', 'train');
  expect(dataset.classes).toEqual(['daisy', 'roses']);
  expect(dataset.paths).toEqual(['r/daisy/c.png', 'r/roses/a.jpg', 'r/roses/b.JPEG']);
  expect([...dataset.labels]).toEqual([0, 1, 1]);
  expect(dataset).toMatchObject({ length: 3, channels: 3, name: 'r train' });
});

test('train and val folders; classes keep the numbers of training', async () => {
  const files = await filesOf('r/train/a/1.png', 'r/train/b/2.png', 'r/train/c/3.png', 'r/val/c/4.png');
  const classes = await classNames(files, 'r', 'train');
  const val = await loadImageFolder(files, 'r', 'val', { classes, split: { valShare: 0.5, seed: 0 } });
  expect(val.paths).toEqual(['r/val/c/4.png']);
  expect([...val.labels]).toEqual([2]);
  await expect(loadImageFolder(files, 'r', 'val', { classes: ['a'] })).rejects.toThrow('a folder c, but no class');
});

test('a folder that is not split: a share of each class, by the seed', async () => {
  const files = await photoFolder(60);
  const load = (split: 'train' | 'val', seed: number) =>
    loadImageFolder(files, 'photos', split, { split: { valShare: 0.2, seed } });
  const [train, val] = [await load('train', 0), await load('val', 0)];
  expect([train.length, val.length]).toEqual([48, 12]);
  expect(new Set([...train.paths, ...val.paths]).size).toBe(60);
  for (const label of [0, 1, 2]) expect(val.labels.filter((each) => each === label)).toHaveLength(4);
  expect(await load('val', 0)).toEqual(val);
  expect((await load('val', 1)).paths).not.toEqual(val.paths);
});

test('nothing there', async () => {
  await expect(loadImageFolder(await filesOf('r/notes.txt'), 'r', 'train')).rejects.toThrow('r: no photos for train');
});

test('a share of the photos keeps paths and labels together', async () => {
  const all = await loadImageFolder(await photoFolder(30), 'photos', 'train');
  const part = subset(all, 40, 3);
  expect(part.length).toBe(12);
  if (!isPhotoDataset(part)) throw new Error('the subset of photos is not of photos');
  part.paths.forEach((path, i) => {
    expect(part.labels[i]).toBe(all.labels[all.paths.indexOf(path)]);
  });
});

test('on the disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'photos-'));
  try {
    for (const path of ['b/2.jpg', 'a/1.png', 'a/sub/3.png']) {
      await mkdir(join(root, path, '..'), { recursive: true });
      await writeFile(join(root, path), 'x');
    }
    await writeFile(join(root, 'LICENSE'), 'x');
    const { classes, length } = await loadImageFolder(nodePlatform.files, root, 'train');
    expect(classes).toEqual(['a', 'b']);
    expect(length).toBe(2);
  } finally {
    await rm(root, { recursive: true });
  }
});
