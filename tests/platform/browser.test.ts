import { describe, expect, test, vi } from 'vitest';
import { loadImageFolder } from '../../src/data/datasets/image-folder.js';
import { browserPlatform } from '../../src/platform/browser.js';

// Node 20 has none.
vi.stubGlobal('navigator', { hardwareConcurrency: 2 });

const blob = (text: string) => new Blob([text]);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('files that a user gave to a page', () => {
  const given = new Map([
    ['photos/garden/rose/2.jpg', blob('two')],
    ['photos/garden/rose/1.jpg', blob('one')],
    ['photos/garden/daisy/3.png', blob('three')],
    ['photos/garden/notes.txt', blob('notes')],
  ]);
  const { files } = browserPlatform('http://localhost/', given);

  test('are read and listed as on a disk', async () => {
    expect(text(await files.read('photos/garden/rose/1.jpg'))).toBe('one');
    expect(await files.list('photos')).toEqual(['garden']);
    expect(await files.list('photos/garden')).toEqual(['daisy', 'notes.txt', 'rose']);
    expect(await files.list('photos/garden/rose')).toEqual(['1.jpg', '2.jpg']);
    const found = ['photos/garden', 'photos/garden/notes.txt', 'photos/gard', 'photos/garden/rose/3.jpg'];
    expect(await Promise.all(found.map((path) => files.exists(path)))).toEqual([true, true, false, false]);
  });

  test('make a dataset', async () => {
    const { classes, paths } = await loadImageFolder(files, 'photos/garden', 'train');
    expect(classes).toEqual(['daisy', 'rose']);
    expect(paths).toEqual(['photos/garden/daisy/3.png', 'photos/garden/rose/1.jpg', 'photos/garden/rose/2.jpg']);
  });

  test('lie beside what is written', async () => {
    await files.makeFolder('runs/run-1');
    await files.write('runs/run-1/results.csv', 'epoch\n');
    await files.write('photos/garden/labels.csv', 'path\n');
    expect(text(await files.read('runs/run-1/results.csv'))).toBe('epoch\n');
    expect(await files.list('photos/garden')).toEqual(['daisy', 'labels.csv', 'notes.txt', 'rose']);
  });

  test('that went away since are named', async () => {
    const gone = { arrayBuffer: () => Promise.reject(new Error('NotReadable')) } as Blob;
    const { files } = browserPlatform('http://localhost/', new Map([['a.jpg', gone]]));
    await expect(files.read('a.jpg')).rejects.toThrow('cannot read a.jpg: NotReadable\n  hint: was it changed');
  });
});
