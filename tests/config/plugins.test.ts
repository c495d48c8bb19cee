import { expect, test } from 'vitest';
import { datasetRegistry, valLoader } from '../../src/config/build-data.js';
import { buildModel } from '../../src/config/build-model.js';
import { type PluginHost, usePlugin } from '../../src/config/plugins.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { GlobalPool, Linear } from '../../src/nn/layers.js';
import { Sequential } from '../../src/nn/sequential.js';
import { nodePlatform } from '../../src/platform/node.js';

const config = (values: Record<string, unknown>) =>
  resolveConfig(Object.entries(values).map(([key, value]) => ({ key, value, where: 'test' })));
const use = (register: unknown) => usePlugin('mine.mjs', { default: register });

const pixels = {
  name: 'gray squares',
  length: 3,
  classes: ['dark', 'light'],
  channels: 1,
  fixedSize: [8, 8],
  labels: Int32Array.of(0, 1, 1),
  write: (index: number, output: Uint8Array) => output.fill(100 * index),
};

test('a dataset that knows where its images are', async () => {
  await use(({ registerDataset }: PluginHost) => {
    registerDataset('squares', { channels: 1, rootless: true, load: async () => pixels as never });
  });
  const values = { 'dataset.name': 'squares', 'sampler.bs.crop_size_height': 8, 'sampler.bs.crop_size_width': 8 };
  const loader = await valLoader(config(values), nodePlatform, async () => undefined);
  const images: number[] = [];
  for await (const { image, target } of loader.epoch(0)) images.push(image[0], target[0]);
  expect(images).toEqual([0, 0, 100, 1, 200, 1]);
});

test('a network gets the options of the recipe', async () => {
  await use(({ registerModel }: PluginHost) => {
    registerModel('one_layer', ({ n_classes = 1 }, { channels }) => {
      return new Sequential({ pool: new GlobalPool(), classifier: new Linear(channels, n_classes) });
    });
  });
  const made = config({ 'model.classification.name': 'one_layer', 'model.classification.n_classes': 7 });
  const model = buildModel(made, { channels: 2, height: 4, width: 4 });
  expect(model.parts().map(([name]) => name)).toEqual(['pool', 'classifier']);
  expect(() => buildModel(config({ 'model.classification.name': 'one_laier' }), pixelsShape)).toThrow(
    "did you mean 'one_layer'?",
  );
});

const pixelsShape = { channels: 1, height: 8, width: 8 };
const dataset = (name: string, source: unknown) => (host: PluginHost) => host.registerDataset(name, source as never);

test.each([
  ['no function', undefined, 'it has no function as default export'],
  ['nothing', () => {}, 'it registers nothing'],
  ['no load', dataset('bare', {}), "dataset 'bare' has no function load"],
  ['no channels', dataset('bare', { load: () => pixels }), "dataset 'bare' has channels: undefined"],
  ['a name of ours', dataset('mnist', { load: () => pixels, channels: 1 }), "there is a dataset 'mnist' already"],
  ['a name of CVNets', dataset('coco', { load: () => pixels, channels: 3 }), "'coco' is a name of CVNets"],
  ['an odd name', dataset('my data', { load: () => pixels, channels: 3 }), "'my data' cannot name a dataset"],
  ['a network of CVNets', (host: PluginHost) => host.registerModel('swin', () => new GlobalPool()), "'swin' is a name"],
  ['no builder', (host: PluginHost) => host.registerModel('mine', 3 as never), "network 'mine' is no function"],
  [
    'an error of its own',
    () => {
      throw new Error('out of flowers');
    },
    'out of flowers',
  ],
])('%s: the error names the file and what it lacks', async (_, register, message) => {
  await expect(use(register)).rejects.toThrow(`plugin mine.mjs: ${message}`);
});

test.each([
  [undefined, 'is no dataset'],
  [{ ...pixels, name: undefined }, 'has no name'],
  [{ ...pixels, length: 0 }, 'has length 0'],
  [{ ...pixels, classes: 'two' }, 'has no list of classes'],
  [{ ...pixels, channels: 3 }, 'has 3 channels instead of 1'],
  [{ ...pixels, labels: [0, 1, 1] }, 'has no Int32Array of labels'],
  [{ ...pixels, labels: Int32Array.of(0) }, 'has 1 labels for 3 images'],
  [{ ...pixels, labels: Int32Array.of(0, 2, 1) }, 'has the label 2, but 2 classes'],
  [{ ...pixels, paths: ['a.jpg'] }, 'has 1 paths for 3 images'],
  [{ ...pixels, write: undefined }, 'has neither paths nor a function write'],
  [{ ...pixels, fixedSize: undefined }, 'has no fixedSize'],
])('a dataset that is none (%#): %s', async (loaded, problem) => {
  const name = `broken_${problem.replace(/\W+/g, '_').toLowerCase()}`;
  await use(dataset(name, { channels: 1, load: async () => loaded }));
  const load = datasetRegistry.get('dataset.name', name).load(nodePlatform.files, '', 'train', {});
  await expect(load).rejects.toThrow(`plugin mine.mjs: dataset '${name}' loads something that ${problem}`);
});

test('a network of another copy of the package is refused', async () => {
  await use((host: PluginHost) => host.registerModel('foreign', () => ({ call: () => {} }) as never));
  const made = config({ 'model.classification.name': 'foreign' });
  expect(() => buildModel(made, pixelsShape)).toThrow("network 'foreign' is no Module of this copy of cvnets");
});
