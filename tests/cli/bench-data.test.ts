import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { benchData, type DataBenchOptions } from '../../src/cli/bench/data.js';
import { encodeJpeg } from '../../src/cli/bench/data-jpeg.js';
import { agreeing, inTurn } from '../../src/cli/bench/data-measure.js';
import { folderPhotos, generatedPhotos } from '../../src/cli/bench/data-photos.js';
import { JpegDecoder } from '../../src/data/images/jpeg.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { nodePlatform } from '../../src/platform/node.js';

const empty = mkdtempSync(join(tmpdir(), 'cvnets-no-peers-'));
afterAll(() => rmSync(empty, { recursive: true }));
const decoder = await JpegDecoder.create(nodePlatform);

test.each([
  [1, 1],
  [16, 16],
  [37, 21],
  [130, 95],
])('a photo of %ix%i comes back out of its JPEG', (width, height) => {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 128 + 100 * Math.sin(x / 30 + (i % 3)) * Math.cos(y / 20);
  });
  const decoded = decoder.decode(encodeJpeg({ width, height, channels: 3, data }, 95));
  expect([decoded.width, decoded.height]).toEqual([width, height]);
  const worst = Math.max(...decoded.data.map((value, i) => Math.abs(value - data[i])));
  expect(worst).toBeLessThan(24);
  const mean = decoded.data.reduce((sum, value, i) => sum + Math.abs(value - data[i]), 0) / data.length;
  expect(mean).toBeLessThan(4);
});

test('photos are made the same every time; of a folder, evenly spaced ones are taken', async () => {
  const [one, two] = [await generatedPhotos(40, 6), await generatedPhotos(40, 6)];
  const read = async ({ files, dataset }: typeof one) => Promise.all(dataset.paths.map((path) => files.read(path)));
  expect(await read(one)).toEqual(await read(two));
  expect(one.dataset.classes).toEqual(['a', 'b']);
  const { dataset } = await folderPhotos(one.files, 'generated', 3);
  expect(dataset.paths).toEqual(['generated/a/0.jpg', 'generated/a/4.jpg', 'generated/b/3.jpg']);
  expect([...dataset.labels]).toEqual([0, 0, 1]);
});

test('contenders take turns, the first round is not counted', async () => {
  const order: string[] = [];
  let clock = 0;
  const contender = (name: string, milliseconds: number) => ({
    name,
    async pass() {
      order.push(name);
      clock += milliseconds;
    },
  });
  const contenders = [contender('a', 4), contender('b', 10)];
  const samples = await inTurn(contenders, { rounds: 2, minimum: 8, clock: () => clock });
  expect(samples).toEqual([
    [4, 4],
    [10, 10],
  ]);
  expect(order.join('')).toBe('aabbaaaab');
});

test('who makes other pixels is not compared', async () => {
  const contender = (name: string, data: readonly number[], channels = 3) => ({
    name,
    pass: async () => {},
    sample: async () => ({ data, pixels: Math.floor(data.length / channels), channels }),
  });
  const others = [
    contender('rounds otherwise', [11, 19, 30, 40, 50, 62]),
    contender('with alpha', [10, 20, 30, 255, 40, 50, 60, 255], 4),
    contender('darker', [0, 10, 20, 30, 40, 50]),
    contender('smaller', [10, 20, 30]),
  ];
  const notes: string[] = [];
  const kept = await agreeing([contender('ours', [10, 20, 30, 40, 50, 60]), ...others], 4, (line) => notes.push(line));
  expect(kept.map(({ name }) => name)).toEqual(['ours', 'rounds otherwise', 'with alpha']);
  expect(notes).toEqual([
    'not compared with darker: its pixels differ by 10.0 of 255 in the mean',
    'not compared with smaller: its pixels differ by Infinity of 255 in the mean',
  ]);
});

async function run(changes: Partial<DataBenchOptions>) {
  const { files } = await generatedPhotos(40, 6);
  await files.write('generated/a/9.jpg', 'no photo');
  const notes: string[] = [];
  const cases: string[] = [];
  const rows = await benchData({
    platform: { ...nodePlatform, cores: 1, files },
    data: 'generated',
    device: 'wasm',
    openDevice: () => createWasmDevice(nodePlatform, { threads: 0 }),
    rounds: 1,
    peers: [],
    peersFolder: empty,
    progress: (line) => cases.push(line),
    note: (line) => notes.push(line),
    ...changes,
  });
  return { rows, notes, cases };
}

test('a row for every case; what is left out is said', async () => {
  const { rows, notes, cases } = await run({});
  expect(cases).toEqual([
    'decode generated',
    'training crops to 96 generated',
    'resize to 96, bilinear, generated',
    'resize to 96, bicubic, generated',
    'loader, 1 thread, generated',
    'training mobilenetv2 96 batch 32, batch_sampler, generated',
    'training mobilenetv2 96 batch 32, variable_batch_sampler, generated',
  ]);
  // Training is a case of two rows.
  expect([...new Set(rows.map((row) => row.case))]).toEqual(cases);
  expect(rows).toHaveLength(cases.length + 2);
  expect(rows.every(({ suite, unit, ours }) => suite === 'data' && unit === 'images/s' && ours > 0)).toBe(true);
  expect(rows.slice(-4).every(({ limit = 0, fraction_of_limit = 0 }) => limit > 0 && fraction_of_limit > 0)).toBe(true);
  expect(rows.at(-1)?.adapter).toBe('wasm SIMD, 1 thread; read by 1 thread into shared memory');
  expect(notes).toEqual(['generated/a/9.jpg is left out: the file starts with 6e 6f 20 70']);
});

test('peers that are not installed are named', async () => {
  const { rows, notes } = await run({
    peers: ['jpeg-turbo', 'sharp'],
    filter: 'decode',
  });
  expect(rows).toHaveLength(1);
  expect(rows[0].peer).toBeUndefined();
  expect(notes.slice(1)).toEqual([
    `jpeg-turbo is not installed (@julusian/jpeg-turbo): npm ci --ignore-scripts --prefix ${empty}`,
    `sharp is not installed (sharp): npm ci --ignore-scripts --prefix ${empty}`,
  ]);
});

test('a filter that matches nothing', async () => {
  await expect(run({ filter: 'lenet' })).rejects.toThrow('names start with decode, training, resize, loader,');
});
