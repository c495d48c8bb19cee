import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dryRun } from '../../src/cli/commands/dry-run.js';
import { options } from '../../src/cli/commands/options.js';
import { plan } from '../../src/cli/commands/plan.js';
import { type TrainFlags, train } from '../../src/cli/commands/train.js';
import type { CommandContext } from '../../src/cli/context.js';
import { parseYaml } from '../../src/config/yaml.js';
import type { BatchSource } from '../../src/data/batch.js';
import { writeIdx } from '../../src/data/datasets/idx.js';
import type { Sampler } from '../../src/data/samplers/sampler.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { nodePlatform, packageRoot } from '../../src/platform/node.js';
import { writeJpegs } from '../support/photo-files.js';
import { loaderOf, quadrants, sgdRule, tinyTask } from '../support/tiny-task.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-flags-'));
const digits = join(folder, 'digits');
const runs = join(folder, 'runs');
const recipe = (name: string) => join(packageRoot(), 'recipes', `${name}.yaml`);

beforeAll(() => {
  mkdirSync(digits);
  for (const [prefix, count] of [
    ['train', 40],
    ['t10k', 20],
  ] as const) {
    const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => (i * 7) % 256);
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
    writeFileSync(join(digits, `${prefix}-images-idx3-ubyte`), writeIdx({ shape: [count, 28, 28], data: pixels }));
    writeFileSync(join(digits, `${prefix}-labels-idx1-ubyte`), writeIdx({ shape: [count], data: labels }));
  }
});

/** A command's context that keeps what is written. */
function newContext(overrides: string) {
  const written = { out: '', err: '' };
  const context: CommandContext = {
    platform: nodePlatform,
    overrides: parseYaml(overrides, 'command line'),
    interruptible: () => new AbortController().signal,
    output: {
      isTerminal: false,
      write: (text) => {
        written.out += text;
      },
      writeError: (text) => {
        written.err += text;
      },
    },
  };
  return { context, written };
}

const small = `
common: {results_loc: ${runs}}
dataset: {root_train: ${digits}, train_batch_size0: 16, val_batch_size0: 20}
scheduler: {max_epochs: 1}
device: {name: wasm, threads: 1}
`;

/** Trains LeNet on 40 digits; gives the JSON lines. */
async function trainDigits(extra: string, flags: TrainFlags) {
  const { context, written } = newContext(small + extra);
  await train(context, recipe('mnist'), { json: true, ...flags });
  return written.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('--dry-run', () => {
  test('plans every program and trains nothing', async () => {
    const [facts, ...rest] = await trainDigits('ema.enable: true\n', { dryRun: true });
    expect(rest).toEqual([]);
    expect(facts).toMatchObject({
      event: 'dry-run',
      train_images: 40,
      val_images: 20,
      classes: 10,
      skipped: [],
      batches: 3,
      epochs: 1,
    });
    expect(facts.programs.map(({ name, batch }: { name: string; batch: number }) => `${name} ${batch}`)).toEqual([
      'training 16',
      'training 8',
      'validation 20',
      'validation of the average 20',
    ]);
    expect(existsSync(runs)).toBe(false);
  });

  test('says the bytes that the run then takes', async () => {
    const [{ memory }] = await trainDigits('common.accum_freq: 2\n', { dryRun: true });
    const [{ event, peak_bytes }] = await trainDigits('common.accum_freq: 2\n', {});
    expect([event, peak_bytes]).toEqual(['start', memory.total]);
  });

  test('for people', async () => {
    const { context, written } = newContext(small);
    await train(context, recipe('mnist'), { dryRun: true });
    expect(written.out).toContain('40 training and 20 validation images of 10 classes\n1 epochs, 3 batches');
    expect(written.out).toMatch(/peak memory \d.*\nit fits; nothing was trained\n$/);
  });

  test.each(['mobilenet_v1', 'mobilenet_v2', 'resnet'])(
    'recipes/%s.yaml: the folder that is missing, or the plan',
    async (name) => {
      const { context } = newContext('device: {name: wasm, threads: 1}\n');
      await expect(train(context, recipe(name), { dryRun: true })).rejects.toThrow(
        'there is no folder /mnt/imagenet/training with the images for train\n  hint: name another with --dataset.root_train',
      );
      const imagenet = join(folder, 'imagenet');
      for (const split of ['train', 'val']) writeJpegs(join(imagenet, split), ['n01440764', 'n01443537'], 2);
      const { context: own, written } = newContext(`
device: {name: wasm, threads: 1}
common.accum_freq: 1
dataset: {root_train: ${imagenet}/train, root_val: ${imagenet}/val, train_batch_size0: 2, workers: 1}`);
      await train(own, recipe(name), { dryRun: true, json: true });
      const facts = JSON.parse(written.out);
      expect(facts).toMatchObject({ train_images: 4, val_images: 4, classes: 2, skipped: [] });
      const sizes = facts.programs.map(
        (program: { name: string; height: number }) => `${program.name} ${program.height}`,
      );
      const training = [128, 192, 224, 288, 320].map((size) => `training ${size}`);
      expect(sizes).toEqual([...training, 'validation 224', 'validation of the average 224']);
      expect(facts.memory.total).toBeGreaterThan(6e7);
    },
  );

  test.each([
    ['dataset.root_train', 'nowhere', 'there is no folder nowhere'],
    ['model.classification.n_classes', 4, 'set model.classification.n_classes: 10'],
    ['optim.sgd.nestrov', true, "did you mean 'optim.sgd.nesterov'?"],
  ])('%s: %j is found before training', async (key, value, message) => {
    const { context } = newContext(small);
    const overrides = [...context.overrides, { key, value, where: 'command line' }];
    await expect(train({ ...context, overrides }, recipe('mnist'), { dryRun: true })).rejects.toThrow(message);
  });

  test('a network that does not fit: the plan is shown, then what to do', async () => {
    const { context, written } = newContext(small);
    const classes = { key: 'model.classification.n_classes', value: 5e6, where: 'command line' };
    const overrides = [...context.overrides, classes];
    await expect(train({ ...context, overrides }, recipe('mnist'), { dryRun: true })).rejects.toThrow(
      /4 GiB.*\n {2}hint: .*; use smaller images or a smaller network/,
    );
    expect(written.out).toContain('peak memory');
    expect(written.out).not.toContain('it fits');
  });

  test('a batch that does not fit: one that would', async () => {
    const task = tinyTask();
    const { context } = newContext('');
    const few = loaderOf(quadrants(8), 8, false);
    const shapes = [{ batch: 1_500_000, height: 8, width: 8 }];
    const sampler: Sampler = { shapes, batches: () => 1, epoch: (epoch) => few.sampler.epoch(epoch) };
    const huge: BatchSource = { dataset: few.dataset, sampler, epoch: (epoch) => few.epoch(epoch) };
    const device = await createWasmDevice(nodePlatform, { threads: 0 });
    const options = { task, rule: sgdRule(task), accumulation: { batches: 1 }, length: { epochs: 1 } };
    const dry = dryRun({ ...options, device, loader: huge, val: few, output: context.output });
    await expect(dry).rejects.toThrow(
      /4 GiB.*\n {2}hint: training with 1500000 images of 8x8 needs most; dataset.train_batch_size0 divided by 2 would fit; common.accum_freq times 2/,
    );
    await device.close();
  });
});

test('a process of several trains on its share, and says so', async () => {
  const [notice, ...events] = await trainDigits('ddp: {rank: 1, world_size: 2}\n', {});
  const message = 'trains on share 1 of 2 of the images; processes do not exchange gradients';
  expect(notice).toEqual({ event: 'notice', message });
  // 20 of the 40 images, in batches of 16.
  expect(events.find(({ event }) => event === 'step')).toMatchObject({ batch: 1, batches: 2 });
});

describe('--allow-unsupported', () => {
  const merged = small.replace('common: {', 'common: {mixed_precision: true, channels_last: true, ');

  test('without it the feature is named', async () => {
    const { context } = newContext(merged);
    await expect(train(context, recipe('mnist'), { json: true })).rejects.toThrow(
      /common.mixed_precision = true needs mixed precision.*\n {2}hint: .*--allow-unsupported/,
    );
  });

  test('with it the run folder lists what was left out', async () => {
    const { context, written } = newContext(merged);
    await train(context, recipe('mnist'), { json: true, allowUnsupported: true });
    const [ignored, left, start] = written.out.split('\n', 3).map((line) => JSON.parse(line));
    expect(ignored).toEqual({ event: 'notice', message: 'no effect here: common.channels_last' });
    expect(left).toEqual({ event: 'notice', message: 'left out, as allowed: common.mixed_precision' });
    expect(readFileSync(join(start.run, 'unsupported.txt'), 'utf8')).toBe(
      'command line:2: common.mixed_precision = true needs mixed precision\n',
    );
    expect(readFileSync(join(start.run, 'config.yaml'), 'utf8')).not.toContain('mixed_precision');
  });

  test("CVNets' way to name the file gets ours", async () => {
    const { context } = newContext('common.config_file: their/resnet.yaml\n');
    await expect(train(context, undefined, {})).rejects.toThrow('give a file: cvnets train their/resnet.yaml');
  });

  test('a run that leaves nothing out has no such file', async () => {
    const [{ run }] = await trainDigits('', { allowUnsupported: true });
    expect(readdirSync(run)).not.toContain('unsupported.txt');
  });
});

test.each([
  ['mobilenet_v1', 128],
  ['mobilenet_v2', 256],
  ['resnet', 128],
])('cvnets plan recipes/%s.yaml', async (name, batch) => {
  const { context, written } = newContext('device.threads: 1\n');
  await plan(context, recipe(name), { device: 'wasm', json: true });
  const facts = JSON.parse(written.out);
  expect(facts).toMatchObject({ batch, image: { channels: 3, height: 224, width: 224 } });
  expect(facts.memory.total).toBeGreaterThan(1e9);
});

test("cvnets options --all lists CVNets' keys with what they need", async () => {
  const list = async (prefix: string, all: boolean) => {
    const { context, written } = newContext('');
    await options(context, prefix, { all });
    return written.out;
  };
  await expect(list('common.mixed_precision', false)).rejects.toThrow('--all lists those of CVNets');
  await expect(list('nosuch', true)).rejects.toThrow('no key of a recipe starts with nosuch');
  expect(await list('common.mixed_precision', true)).toContain(
    'common.mixed_precision: false\n    Not yet: needs mixed precision (boolean)',
  );
  expect(await list('dataset.pin', true)).toBe('dataset.pin_memory: false\n    Has no effect here (boolean)\n');
  expect((await list('', true)).split('\n').length).toBeGreaterThan(1700);
});
