import { expect, test } from 'vitest';
import { trainLoader, valLoader } from '../../src/config/build-data.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { listedClasses, loadImageList } from '../../src/data/datasets/image-list.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { nodePlatform } from '../../src/platform/node.js';

async function load(text: string, classes?: string[]) {
  const files = memoryFiles();
  await files.write('set/train.csv', text);
  return loadImageList(files, 'set', 'train', { classes });
}

test('paths and names of classes, in columns of any order', async () => {
  const dataset = await load('source,label,path\r\nweb,rose,a/1.jpg\r\nweb,daisy,/photos/2.jpg\r\n\r\nbook,rose,3.png');
  expect(dataset).toMatchObject({ name: 'set/train.csv', length: 3, channels: 3, classes: ['daisy', 'rose'] });
  expect(dataset.paths).toEqual(['set/a/1.jpg', '/photos/2.jpg', 'set/3.png']);
  expect([...dataset.labels]).toEqual([1, 0, 1]);
});

test('quotes', async () => {
  const { paths, classes } = await load('\uFEFFpath,label\n"a,b.jpg","wild ""rose"""\n"line\nbreak.jpg",daisy\n');
  expect(paths).toEqual(['set/a,b.jpg', 'set/line\nbreak.jpg']);
  expect(classes).toEqual(['daisy', 'wild "rose"']);
});

test.each([
  ['', 'the header is empty'],
  ['file,class\na,b', 'the header is file,class'],
  ['path,label', 'lists no photos'],
  ['path,label\na.jpg,rose\nb.jpg', 'row 2: b.jpg'],
  ['path,label\n"x\ny",rose\na.jpg,', 'row 2: a.jpg,'],
])('%j is refused', async (text, message) => {
  await expect(load(text)).rejects.toThrow(message);
});

test('a class that training does not have is refused', async () => {
  await expect(load('path,label\na.jpg,tulip', ['rose'])).rejects.toThrow('row 1: there is no class tulip');
});

test('recipes name the files, and validation counts classes as training does', async () => {
  const files = memoryFiles();
  await files.write('set/train.csv', 'path,label\n1.jpg,a\n2.jpg,b\n3.jpg,c');
  await files.write('set/val.csv', 'path,label\n4.jpg,c');
  expect(await listedClasses(files, 'set/train.csv', 'train')).toEqual(['a', 'b', 'c']);
  for (const [train, val] of [
    ['set', ''],
    ['set/train.csv', 'set/val.csv'],
  ]) {
    const settings = { 'dataset.name': 'image_list', 'dataset.root_train': train, 'dataset.root_val': val };
    const config = resolveConfig(Object.entries(settings).map(([key, value]) => ({ key, value, where: 'test' })));
    const platform = { ...nodePlatform, files };
    expect((await trainLoader(config, platform, async () => undefined)).dataset.length).toBe(3);
    const { dataset } = await valLoader(config, platform, async () => undefined);
    expect([...dataset.labels]).toEqual([2]);
    expect(dataset).toMatchObject({ paths: ['set/4.jpg'] });
  }
});
