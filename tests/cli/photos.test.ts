import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { beforeAll, expect, test } from 'vitest';
import { train } from '../../src/cli/commands/train.js';
import { parseYaml } from '../../src/config/yaml.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';
import { noiseImage } from '../support/noise-image.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-photos-'));
const photos = join(folder, 'photos');
const classes = ['blue', 'green', 'red'];

/** Twenty photos a class, of its colour; one of them is damaged. */
beforeAll(() => {
  for (const [label, name] of classes.entries()) {
    mkdirSync(join(photos, name), { recursive: true });
    for (let i = 0; i < 20; i++) {
      const { width, height, data } = noiseImage(label * 20 + i, 30 + i, 40 - i);
      for (let p = 2 - label; p < data.length; p += 3) data[p] = 128 + (data[p] >> 1);
      writeFileSync(join(photos, name, `${i}.png`), encode({ width, height, data, channels: 3, depth: 8 }));
    }
  }
  // Sorted by name, 7.png is the 18th of its class: it trains with every seed of the split that is used here.
  writeFileSync(join(photos, 'green/7.png'), 'no photo');
});

interface Options {
  readonly sampler?: string;
  readonly resume?: string;
  /** Steps after which the run is interrupted. */
  readonly steps?: number;
  readonly workers?: number;
}

/** Trains on the photos with the recipe for them, and gives what the run wrote to its folder. */
async function run({ sampler = 'variable_batch_sampler', resume, steps = 1000, workers = 2 }: Options = {}) {
  const abort = new AbortController();
  let seen = 0;
  const events: Record<string, unknown>[] = [];
  const overrides = `
common: {results_loc: ${join(folder, 'runs')}, log_freq: 1}
device: {threads: 1}
dataset: {root_train: ${photos}, train_batch_size0: 6, val_batch_size0: 12, workers: ${workers}}
sampler:
  name: ${sampler}
  vbs: {crop_size_width: 32, crop_size_height: 32, min_crop_size_width: 32, min_crop_size_height: 32, max_crop_size_width: 64, max_crop_size_height: 64}
  msc: {crop_size_width: 32, crop_size_height: 32, min_crop_size_width: 32, min_crop_size_height: 32, max_crop_size_width: 64, max_crop_size_height: 64}
  bs: {crop_size_width: 32, crop_size_height: 32}
image_augmentation: {resize: {size: 36}}
model: {classification: {n_classes: 3, mobilenetv2: {width_multiplier: 0.25}}}
scheduler: {max_epochs: 2, warmup_iterations: 2}`;
  const recipe = join(packageRoot(), 'recipes/flowers.yaml');
  const finished = await train(
    {
      platform: nodePlatform,
      overrides: resume ? [] : parseYaml(overrides, 'test'),
      interruptible: () => abort.signal,
      output: {
        isTerminal: false,
        write: (text) => {
          for (const line of text.trimEnd().split('\n')) events.push(JSON.parse(line));
          seen += text.includes('"event":"step"') ? 1 : 0;
          if (seen >= steps) abort.abort();
        },
        writeError: () => {},
      },
    },
    resume ? undefined : recipe,
    { json: true, resume, ...(resume ? {} : { device: 'wasm' }) },
  );
  const path = events.find(({ event }) => event === 'start')?.run as string;
  const read = (name: string) => readFileSync(join(path, name), 'utf8');
  return { finished, path, events, read };
}

/** Columns of results.csv that do not depend on the clock. */
const numbers = (csv: string) =>
  csv
    .trimEnd()
    .split('\n')
    .map((row) => row.split(',').slice(0, 8));

test('a run on photos: skipped files are listed, and going on after an interruption changes nothing', async () => {
  const whole = await run();
  expect(whole.finished).toBe(true);
  expect(whole.events.find(({ event }) => event === 'start')).toMatchObject({
    train_images: 48,
    val_images: 12,
    reading: expect.stringMatching(/^read by \d threads? into shared memory$/),
  });
  expect(numbers(whole.read('results.csv'))).toHaveLength(3);
  for (const event of whole.events.filter(({ event }) => event === 'epoch')) {
    expect(event).toMatchObject({
      skipped: 1,
      data_wait_seconds: expect.any(Number),
      decode_seconds: expect.any(Number),
    });
    expect(Number(event.data_wait_seconds) + Number(event.device_wait_seconds)).toBeLessThan(Number(event.seconds));
  }
  const [header, ...skipped] = whole.read('skipped.csv').trimEnd().split('\n');
  expect(header).toBe('path,reason');
  expect(skipped).toEqual([`${photos}/green/7.png,the file starts with 6e 6f 20 70`]);

  // In the middle of the second epoch, with another number of workers.
  const batches = whole.events.find(({ event }) => event === 'step')?.batches as number;
  const first = await run({ steps: batches + 3, workers: 0 });
  expect(first.finished).toBe(false);
  const second = await run({ resume: first.path });
  expect(second.finished).toBe(true);
  expect(numbers(second.read('results.csv'))).toEqual(numbers(whole.read('results.csv')));
}, 60_000);

test.each(['batch_sampler', 'multi_scale_sampler'])(
  '%s',
  async (sampler) => {
    const { finished, events, read } = await run({ sampler });
    expect(finished).toBe(true);
    const [step] = events.filter(({ event }) => event === 'step');
    expect(step.batches).toBe(8);
    expect(numbers(read('results.csv'))[2].slice(0, 2)).toEqual(['1', '16']);
  },
  60_000,
);
