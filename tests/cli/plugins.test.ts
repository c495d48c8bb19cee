import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlugins } from '../../src/cli/plugins.js';
import { packageRoot } from '../../src/platform/node.js';
import { noiseJpeg } from '../support/photo-files.js';

const root = packageRoot();
const folder = mkdtempSync(join(tmpdir(), 'cvnets-plugins-'));
const photos = join(folder, 'photos');
const dataset = join(root, 'examples/plugin/named_photos.mjs');
const network = join(root, 'examples/plugin/small_net.mjs');

/** Runs the command as it ships; gives its JSON lines. */
async function cvnets(...args: string[]) {
  const command = promisify(execFile)(process.execPath, [join(root, 'build/dist/cli.js'), ...args], { cwd: folder });
  const { stdout } = await command.catch((error: { stdout: string }) => error);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

beforeAll(() => {
  mkdirSync(photos);
  for (let i = 0; i < 20; i++) writeFileSync(join(photos, `${['oak', 'pine'][i % 2]}_${i}.jpg`), noiseJpeg(i, i % 2));
});

describe('a run with a dataset and a network of plugins', () => {
  const recipe = `
common: {results_loc: runs, run_label: trees}
dataset: {name: named_photos, root_train: ${photos}, train_batch_size0: 8, val_batch_size0: 4, workers: 1}
sampler.bs: {crop_size_width: 32, crop_size_height: 32}
image_augmentation.random_resized_crop.enable: true
model.classification: {name: small_net, n_classes: 2}
scheduler: {max_epochs: 2}
device: {name: wasm, threads: 1}
`;
  const plugins = ['--plugin', dataset, '--plugin', network];
  const run = join(folder, 'runs/trees-1');
  let events: Record<string, unknown>[];
  beforeAll(async () => {
    writeFileSync(join(folder, 'trees.yaml'), recipe);
    events = await cvnets('train', 'trees.yaml', ...plugins, '--json');
  }, 60_000);

  test('trains, and its folder says with what', () => {
    expect(events.find(({ event }) => event === 'start')).toMatchObject({ train_images: 16, val_images: 4 });
    expect(events.at(-1)).toMatchObject({ event: 'end', epochs: 2 });
    expect(readFileSync(join(run, 'plugins.txt'), 'utf8')).toBe(`${dataset}\n${network}\n`);
    const commands = readFileSync(join(run, 'commands.txt'), 'utf8');
    expect(commands).toContain(`npx cvnets eval runs/trees-1 --plugin ${dataset} --plugin ${network}\n`);
  });

  test.each([
    [['eval', run], 'val_top1'],
    [['predict', run, join(photos, 'oak_0.jpg')], 'top'],
    [['train', '--resume', run], 'epochs'],
  ])('%j needs them again: a run folder loads no code by itself', async (args, result) => {
    const [error] = await cvnets(...args, '--json');
    expect(error).toMatchObject({
      event: 'error',
      message: expect.stringContaining(`trained with --plugin ${dataset}`),
    });
    const found = await cvnets(...args, ...plugins, '--json');
    expect(found.at(-1)).toHaveProperty(result);
  });

  test('data check reads the photos of the dataset', async () => {
    const args = ['data', 'check', photos, '--dataset', 'named_photos', '--plugin', dataset, '--no-sheet', '--json'];
    const [found] = await cvnets(...args);
    expect(found).toMatchObject({ photos: 20, counts: { train: { oak: 8, pine: 8 }, val: { oak: 2, pine: 2 } } });
  });

  test('plan and summary know the network', async () => {
    const [plan] = await cvnets('plan', 'trees.yaml', ...plugins, '--json');
    expect(plan).toMatchObject({ batch: 8, image: { channels: 3, height: 32, width: 32 } });
    const [summary] = await cvnets('summary', 'small_net', '--plugin', network, '--json');
    // Three convolutions with their norms, and the classifier for 1000 classes.
    expect(summary.parameters).toBe(9 * (3 * 16 + 16 * 32 + 32 * 64) + 2 * (16 + 32 + 64) + 65 * 1000);
  });
});

describe('what is no plugin', () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test.each([
    'https://example.org/a.mjs',
    'http://example.org/a.mjs',
    'data:text/javascript,1',
    'file:///a.mjs',
    'node:fs',
  ])('%s: addresses are refused by name', async (address) => {
    const [scheme] = address.split(':');
    await expect(loadPlugins([address])).rejects.toThrow(`--plugin ${address}: ${scheme}: addresses are not loaded`);
  });

  test('files that are not there, folders, and package names', async () => {
    await expect(loadPlugins(['nowhere.mjs'])).rejects.toThrow('--plugin nowhere.mjs: there is no file');
    await expect(loadPlugins([folder])).rejects.toThrow('there is no file');
    await expect(loadPlugins(['yaml'])).rejects.toThrow('there is no file');
  });

  test('files that break, or that have nothing to register', async () => {
    const broken = file('broken.mjs', "throw new Error('out of flowers')");
    await expect(loadPlugins([broken])).rejects.toThrow(`--plugin ${broken} cannot be loaded: out of flowers`);
    const empty = file('empty.mjs', 'export const dataset = 1;');
    await expect(loadPlugins([empty])).rejects.toThrow(`plugin ${empty}: it has no function as default export`);
  });

  test('a recipe cannot name one', async () => {
    writeFileSync(join(folder, 'sly.yaml'), `plugin: ${dataset}\nmodel.classification.name: lenet\n`);
    const [error] = await cvnets('train', 'sly.yaml', '--json');
    expect(error.message).toContain('unknown key plugin');
  });
});
