import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildModel } from '../../src/config/build-model.js';
import { buildSchedule } from '../../src/config/build-run.js';
import { trainSampler } from '../../src/config/build-sampler.js';
import type { ConfigKey } from '../../src/config/keys/index.js';
import { type ResolveOptions, resolve } from '../../src/config/resolve.js';
import { parseYaml, type Setting } from '../../src/config/yaml.js';
import { initialize } from '../../src/nn/initialize.js';
import { packageRoot } from '../../src/platform/node.js';
import { size } from '../../src/tensor/shape.js';

const load = (path: string, options?: ResolveOptions, overrides: Setting[] = []) =>
  resolve([...parseYaml(readFileSync(join(packageRoot(), path), 'utf8'), path), ...overrides], options);
const names = ['mobilenet_v1', 'mobilenet_v2', 'resnet'] as const;

describe.each(names)("CVNets' own file for %s", (name) => {
  const path = `tests/fixtures/cvnets/${name}.yaml`;

  test('asks for one thing that has not landed', () => {
    expect(() => load(path)).toThrow(
      new RegExp(
        `^${path}:3: common.mixed_precision = true needs mixed precision, which cvnets does not have yet\n  hint`,
      ),
    );
    const off = { key: 'common.mixed_precision', value: false, where: 'command line' };
    expect(load(path, {}, [off]).unsupported).toEqual([]);
  });

  test('loads without it', () => {
    const { unsupported, ignored } = load(path, { allowUnsupported: true });
    expect(unsupported).toEqual([
      { key: 'common.mixed_precision', value: true, where: `${path}:3`, feature: 'mixed precision' },
    ]);
    expect(ignored).toEqual(
      expect.arrayContaining(['common.channels_last', 'common.auto_resume', 'dataset.pin_memory', 'stats.val']),
    );
  });

  test("trains as our recipe does, but for the number of CVNets' devices", () => {
    const theirs = load(path, { allowUnsupported: true }).config;
    const { config: ours, ignored, unsupported } = load(`recipes/${name}.yaml`);
    expect([ignored, unsupported]).toEqual([[], []]);
    const different = (Object.keys(ours) as ConfigKey[]).filter(
      (key) => JSON.stringify(ours[key]) !== JSON.stringify(theirs[key]),
    );
    const read = ['common.run_label', 'common.accum_freq', 'dataset.workers', 'model.layer.linear_init'];
    expect(read).toEqual(expect.arrayContaining(different));
    expect(ours['model.layer.reset_parameters']).toBe(false);
  });
});

// Parameters, size:batch tables and rates are those that CVNets' source gives for these files.
test.each([
  ['mobilenet_v1', 4_231_976, 512, '128:392 192:174 224:128 288:77 320:62', [0, 0, 0.05]],
  ['mobilenet_v2', 3_504_872, 1024, '128:784 192:348 224:256 288:154 320:125', [0, 0, 0.05]],
  ['mobilenet_v3', 5_437_728, 2048, '128:784 192:348 224:256 288:154 320:125', [0, 0, 0.1]],
  ['resnet', 25_550_056, 1024, '128:392 192:174 224:128 288:77 320:62', [7, 7500, 0.39785554]],
] as const)(
  'the recipe for %s: network, sizes, images an update, learning rate',
  (name, parameters, images, table, at) => {
    const { config } = load(`recipes/${name}.yaml`);
    const { parameters: states } = initialize(buildModel(config, { channels: 3, height: 224, width: 224 }));
    expect(states.reduce((sum, { shape }) => sum + size(shape), 0)).toBe(parameters);
    expect(config['common.accum_freq'] * config['dataset.train_batch_size0']).toBe(images);
    const { shapes } = trainSampler(config, 1_281_167);
    expect(new Set(table.split(' '))).toEqual(new Set(shapes.map(({ height, batch }) => `${height}:${batch}`)));
    const [epoch, update, rate] = at;
    expect(buildSchedule(config, 1251).lr(epoch, update)).toBeCloseTo(rate, 8);
  },
);

test.each([
  ['mobilevit', 5_578_632, 1024, 2e-3],
  ['mobilevit_v2', 4_901_841, 1024, 7.5e-3],
  ['vit', 86_724_328, 2048, 2e-3],
] as const)('the recipe for %s: network, images an update, largest rate', (name, parameters, images, rate) => {
  const { config, ignored } = load(`recipes/${name}.yaml`);
  expect(ignored).toEqual([]);
  const { parameters: states } = initialize(buildModel(config, { channels: 3, height: 224, width: 224 }));
  expect(states.reduce((sum, { shape }) => sum + size(shape), 0)).toBe(parameters);
  expect(config['common.accum_freq'] * config['dataset.train_batch_size0']).toBe(images);
  expect(buildSchedule(config, 1251).lr(16, 20_016)).toBeCloseTo(rate, 4);
});

test('the recipe for efficientnet: network and images an update', () => {
  const { config } = load('recipes/efficientnet.yaml');
  const { parameters } = initialize(buildModel(config, { channels: 3, height: 224, width: 224 }));
  expect(parameters.reduce((sum, { shape }) => sum + size(shape), 0)).toBe(5_382_440);
  expect(config['common.accum_freq'] * config['dataset.train_batch_size0']).toBe(2048);
});
