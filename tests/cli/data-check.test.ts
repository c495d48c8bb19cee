import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { decode, encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DataCheckFlags, dataCheck } from '../../src/cli/commands/data-check.js';
import { writeIdx } from '../../src/data/datasets/idx.js';
import { nodePlatform } from '../../src/platform/node.js';
import { noiseImage } from '../support/noise-image.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-data-'));
const root = join(folder, 'photos');
const sheet = join(folder, 'sheet.png');

function png(seed: number, width = 40, height = 50): Uint8Array {
  const { data } = noiseImage(seed, width, height);
  return encode({ width, height, data, channels: 3 });
}

function put(path: string, content: Uint8Array | string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

async function check(path: string, flags: DataCheckFlags): Promise<{ ok: boolean; out: string }> {
  let out = '';
  const output = {
    isTerminal: false,
    write: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      out += text;
    },
  };
  const interruptible = () => new AbortController().signal;
  const ok = await dataCheck({ platform: nodePlatform, output, overrides: [], interruptible }, path, flags);
  return { ok, out };
}

beforeAll(() => {
  for (let i = 0; i < 20; i++) put(`train/cat/${i}.png`, png(i));
  for (let i = 20; i < 25; i++) put(`train/dog/${i}.png`, png(i));
  put('val/cat/a.png', png(3));
  put('val/cat/b.png', png(100, 60, 70));
  put('val/dog/c.png', png(101).slice(0, 900));
  put('val/dog/d.jpg', png(102));
  put('val/dog/e.png', png(103, 12, 90));
  put('val/dog/empty.jpg', '');
  put('val/dog/notes.txt', 'x');
  put('val/stray.png', png(1));
  put('val/bird/nested/1.png', png(104));
  put('labels.csv', 'x');
  put('train/dog/.hidden.png', 'x');
});

describe('data check', () => {
  test('counts, sizes, and everything that is wrong', async () => {
    const { ok, out } = await check(root, { json: true, sheet });
    expect(ok).toBe(false);
    const path = (name: string) => join(root, name);
    expect(JSON.parse(out)).toEqual({
      event: 'end',
      photos: 31,
      bytes: expect.any(Number),
      classes: 2,
      counts: { train: { cat: 20, dog: 5 }, val: { cat: 2, dog: 4 } },
      width: { least: 12, median: 40, most: 60 },
      height: { least: 50, median: 50, most: 90 },
      unreadable: [
        { path: path('val/dog/c.png'), problem: expect.stringContaining('PNG: ') },
        { path: path('val/dog/empty.jpg'), problem: 'the file is empty' },
      ],
      odd: [
        {
          path: path('val/cat/a.png'),
          remarks: [`is the same as ${path('train/cat/3.png')}: validation would test what was trained on`],
        },
        { path: path('val/dog/d.jpg'), remarks: ['is a PNG file whatever its name says'] },
        { path: path('val/dog/e.png'), remarks: ['has 12x90 pixels only', 'is 12x90: very long'] },
      ],
      ignored: [
        { path: path('val/bird'), reason: 'a folder without photos' },
        { path: path('val/dog/notes.txt'), reason: 'its name does not end in .jpg, .jpeg or .png' },
        { path: path('val/stray.png'), reason: 'lies beside the folders of the classes' },
        { path: path('labels.csv'), reason: 'lies beside train and val' },
      ].map((item) => expect.objectContaining(item)),
      sheet,
    });
  });

  test('the contact sheet shows eight of each class and split, or all of few', () => {
    const { width, height } = decode(readFileSync(sheet));
    // 8 + 5 in train, 2 + 2 readable ones in val: three rows of eight
    expect([width, height]).toEqual([8 * 90 + 6, 3 * (84 + 9 + 12) + 6]);
  });

  test('as a table', async () => {
    const { out } = await check(`${root}/`, { sheet: false });
    expect(out).toMatch(/cat +│ +20 │ +2 │ █{20} 71\.0 %/);
    expect(out).toContain('31 photos in 2 classes');
    expect(out).toContain('largest class / smallest class: 2.44');
    expect(out).toContain(`cannot be read: 2\n  ${join(root, 'val/dog/c.png')}: PNG: `);
    expect(out).not.toContain('contact sheet');
  });

  test('headers alone tell sizes, and what is no picture', async () => {
    const { out } = await check(join(root, 'val'), { json: true, headersOnly: true, sheet: join(folder, 'none.png') });
    const result = JSON.parse(out);
    expect(result.unreadable.map(({ path }: { path: string }) => path)).toEqual([join(root, 'val/dog/empty.jpg')]);
    expect(result).toMatchObject({ photos: 6, counts: { all: { cat: 2, dog: 4 } }, sheet: null });
  });

  test('a folder without photos is refused with the layout that is expected', async () => {
    await expect(check(join(root, 'val/dog'), {})).rejects.toThrow('expected CLASS/photo.jpg');
    await expect(check(join(root, 'nowhere'), {})).rejects.toThrow('cannot list');
  });
});

describe('other datasets', () => {
  const list = (file: string, ...rows: string[]) => put(file, `path,label\n${rows.join('\n')}\n`);
  const counts = async (path: string, flags: DataCheckFlags) =>
    JSON.parse((await check(path, { json: true, sheet: false, ...flags })).out);

  test('lists: a photo of each class that is listed, in both splits', async () => {
    list('lists/train.csv', '../train/cat/0.png,tabby', '../train/cat/1.png,tabby', '../train/dog/20.png,poodle');
    list('lists/val.csv', '../val/cat/b.png,poodle');
    const found = await counts(join(root, 'lists'), { dataset: 'image_list' });
    expect(found).toMatchObject({
      photos: 4,
      counts: { train: { poodle: 1, tabby: 2 }, val: { poodle: 1, tabby: 0 } },
      unreadable: [],
      ignored: [],
    });
    const one = await counts(join(root, 'lists/train.csv'), { dataset: 'image_list' });
    expect(one).toMatchObject({ photos: 3, counts: { all: { poodle: 1, tabby: 2 } }, odd: [] });
  });

  test('names and kinds that are refused', async () => {
    await expect(check(root, { dataset: 'image_lists' })).rejects.toThrow("did you mean 'image_list'?");
    put('digits/train-images', writeIdx({ shape: [1, 2, 2], data: new Uint8Array(4) }));
    put('digits/train-labels', writeIdx({ shape: [1], data: new Uint8Array(1) }));
    await expect(check(join(root, 'digits'), { dataset: 'idx' })).rejects.toThrow('idx holds pixels, not photos');
  });
});
