import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../src/cli/commands/evaluate.js';
import { exportModel } from '../../src/cli/commands/export.js';
import { predict } from '../../src/cli/commands/predict.js';
import { summary } from '../../src/cli/commands/summary.js';
import { train } from '../../src/cli/commands/train.js';
import type { CommandContext } from '../../src/cli/context.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { fromTypedArray, readSafetensors, toTypedArray, writeSafetensors } from '../../src/formats/safetensors.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { initialize } from '../../src/nn/initialize.js';
import { nodePlatform } from '../../src/platform/node.js';
import { computeFingerprint } from '../../src/train/pretrained/fingerprint.js';
import { noiseImage } from '../support/noise-image.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-weights-'));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function commandContext(overrides: Record<string, unknown> = {}) {
  const printed = { out: '', errors: '' };
  const context: CommandContext = {
    platform: nodePlatform,
    output: {
      isTerminal: false,
      write: (text) => {
        printed.out += text;
      },
      writeError: (text) => {
        printed.errors += text;
      },
    },
    overrides: Object.entries(overrides).map(([key, value]) => ({ key, value, where: 'test' })),
    interruptible: () => new AbortController().signal,
  };
  return { context, printed };
}

const CLASSES = 7;
const keys = {
  'model.classification.name': 'mobilenetv2',
  'model.classification.activation.name': 'relu6',
  'model.classification.n_classes': CLASSES,
};
const config = (extra: Record<string, unknown> = {}) =>
  resolveConfig(Object.entries({ ...keys, ...extra }).map(([key, value]) => ({ key, value, where: 'test' })));

/** Weights of a MobileNetV2 as another program might have saved them. */
const values = new Map<string, Float32Array>();
const shapes = new Map<string, readonly number[]>();

function save(name: string, metadata: Record<string, string> = {}): string {
  const tensors = [...values].map(([key, value]) => [key, fromTypedArray(value, shapes.get(key)!)] as const);
  writeFileSync(at(name), writeSafetensors(new Map(tensors), new Map(Object.entries(metadata))));
  return at(name);
}

beforeAll(() => {
  const { parameters, buffers } = initialize(mobilenetv2({ n_classes: CLASSES }), { seed: 3 });
  for (const { name, shape, init } of [...parameters, ...buffers]) {
    values.set(name, init() as Float32Array);
    shapes.set(name, shape);
  }
  for (const split of ['train', 'val']) {
    for (const [c, label] of ['a', 'b', 'c'].entries()) {
      mkdirSync(at('photos', split, label), { recursive: true });
      for (let i = 0; i < 8; i++) {
        const { width, height, data } = noiseImage(100 * c + i, 40, 40);
        writeFileSync(at('photos', split, label, `${i}.png`), encode({ width, height, data, channels: 3, depth: 8 }));
      }
    }
  }
});

describe('a file of weights alone', () => {
  test('is recognised by its names and shapes', async () => {
    const { context, printed } = commandContext();
    await summary(context, undefined, { weights: save('plain.safetensors') });
    expect(printed.out).toContain(
      'plain.safetensors: mobilenetv2 of cvnets, 262 tensors matched; chosen by names and shapes',
    );
    expect(printed.out).toMatch(/mobilenetv2: 2,232,839 parameters/);
  });

  test('names what is in pictures', async () => {
    const { context, printed } = commandContext();
    writeFileSync(at('labels.txt'), ['background', ...'abcdefg'].join('\n'));
    const picture = at('photos/val/a/0.png');
    const flags = { labels: at('labels.txt'), device: 'wasm', threads: '1' };
    expect(await predict(context, save('plain.safetensors'), [picture], flags)).toBe(true);
    const lines = printed.out.trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[1]).toMatch(/^ {2}[a-g] {2}[█·]+ /);
    writeFileSync(at('labels.txt'), 'a\nb');
    await expect(predict(context, at('plain.safetensors'), [picture], flags)).rejects.toThrow(
      'has 2 labels, the network 7',
    );
  });

  test.each([
    [
      'another network',
      { from: 'cvnets', plain: true },
      { 'model.classification.name': 'resnet', 'model.classification.resnet.depth': 18 },
      'does not fit resnet of cvnets',
    ],
    [
      'another width',
      {},
      { ...keys, 'model.classification.mobilenetv2.width_multiplier': 0.5 },
      '256 mismatched: conv_1',
    ],
    [
      'a padding that the file denies',
      { from: 'cvnets' },
      {},
      'says that it is the network of tensorflow, not of cvnets',
    ],
    [
      'an activation that the file denies',
      {},
      { ...keys, 'model.classification.activation.name': 'relu' },
      'is for mobilenetv2 with relu6',
    ],
    ['an origin that there is not', { from: 'torchvison' }, {}, "did you mean 'torchvision'?"],
  ])('%s is refused', async (_, flags, overrides, message) => {
    const facts = { padding: 'TensorFlow SAME', activation: 'relu6' };
    const weights = save('facts.safetensors', 'plain' in flags ? {} : facts);
    const { context } = commandContext(overrides);
    await expect(summary(context, undefined, { weights, ...flags })).rejects.toThrow(message);
  });
});

describe('the logits that are stored with a file', () => {
  const fingerprint = async (extra: Record<string, unknown>) => {
    const device = await createWasmDevice(nodePlatform, { threads: 0 });
    return JSON.stringify(await computeFingerprint(device, config(extra), values, [1, 3, 64, 64]));
  };

  test('must be those of the network', async () => {
    const weights = save('stored.safetensors', { fingerprint: await fingerprint({}) });
    const { context, printed } = commandContext();
    await summary(context, undefined, { weights });
    expect(printed.out).toContain('its stored logits agree');
    const wrong = commandContext({ ...keys, 'model.classification.activation.name': 'gelu' });
    await expect(summary(wrong.context, undefined, { weights })).rejects.toThrow('gives other logits than those');
  });

  test('tell padding from padding', async () => {
    const weights = save('padded.safetensors', {
      fingerprint: await fingerprint({ 'model.classification.variant': 'tensorflow' }),
    });
    const { context } = commandContext(keys);
    await expect(summary(context, undefined, { weights, from: 'cvnets' })).rejects.toThrow('gives other logits');
    await summary(context, undefined, { weights, from: 'tensorflow' });
  });

  test.each([
    '{',
    '{}',
    '{"input":[1,3,1e9,64],"logits":[1],"std":1}',
    '{"input":[512,4,512,512],"logits":[1],"std":1}',
  ])('%s is no fingerprint', async (text) => {
    const { context } = commandContext(keys);
    const weights = save('odd.safetensors', { fingerprint: text });
    await expect(summary(context, undefined, { weights })).rejects.toThrow('its fingerprint is no fingerprint');
  });
});

describe('a recipe', () => {
  const recipe = (extra = ''): string => {
    writeFileSync(
      at('recipe.yaml'),
      [
        `common: {results_loc: ${at('runs')}, run_label: tuned}`,
        `dataset: {name: image_folder, root_train: ${at('photos/train')}, root_val: ${at('photos/val')}, train_batch_size0: 12, val_batch_size0: 12, workers: 0}`,
        'sampler: {name: batch_sampler, bs: {crop_size_width: 32, crop_size_height: 32}}',
        'model.classification: {name: mobilenetv2, n_classes: 3}',
        'scheduler: {name: fixed, max_epochs: 1, fixed: {lr: 0.05}}',
        'optim.weight_decay: 0',
        'device: {name: wasm, threads: 1}',
        extra,
      ].join('\n'),
    );
    return at('recipe.yaml');
  };
  const trained = () => {
    const run = readdirSync(at('runs')).sort().at(-1)!;
    const file = new Uint8Array(readFileSync(at('runs', run, 'checkpoints/training_checkpoint_last.safetensors')));
    const { tensors } = readSafetensors(file);
    return (name: string) => [...toTypedArray(name, tensors.get(name)!)];
  };
  const head = 'classifier.classifier_fc.weight';

  test('starts from weights: a new head is trained, what is frozen stays', async () => {
    const { context, printed } = commandContext();
    const weights = save('plain.safetensors');
    const frozen = 'model.freeze_modules: [conv_1, layer_, conv_1x1_exp]\n';
    expect(await train(context, recipe(frozen), { weights })).toBe(true);
    expect(printed.out + printed.errors).toContain('260 tensors matched, a new head instead of its 7 classes');
    const value = trained();
    for (const [name, before] of values) {
      if (!name.startsWith('classifier')) expect(value(name), name).toEqual([...before]);
    }
    expect(value(head)).toHaveLength(3 * 1280);
  });

  test('with factors of the learning rate: 0 keeps what it names', async () => {
    const { context } = commandContext();
    const rates = "train.lr_multipliers: [['layer_[1-5]', 0], [classifier, 2]]\n";
    expect(await train(context, recipe(rates), { weights: save('plain.safetensors') })).toBe(true);
    const value = trained();
    const kept = 'layer_2.mv2_block_0.block.exp_1x1.block.conv.weight';
    expect(value(kept)).toEqual([...values.get(kept)!]);
    expect(value('conv_1.block.conv.weight')).not.toEqual([...values.get('conv_1.block.conv.weight')!]);
  });

  test("with CVNets' scopes: what is excluded or renamed", async () => {
    const { context, printed } = commandContext();
    values.set('old.block.conv.weight', values.get('conv_1.block.conv.weight')!);
    shapes.set('old.block.conv.weight', shapes.get('conv_1.block.conv.weight')!);
    const [first, ...others] = ['conv_1.block.conv.weight', 'old.block.conv.weight'];
    const moved = values.get(first)!;
    values.delete(first);
    const weights = save('renamed.safetensors');
    values.set(first, moved);
    for (const name of others) values.delete(name);
    const scopes = [
      'model.resume_exclude_scopes: classifier',
      "model.rename_scopes_map: [['^old\\.(block)', 'conv_1.\\1']]",
    ].join('\n');
    expect(await train(context, recipe(scopes), { weights })).toBe(true);
    expect(printed.out + printed.errors).toContain('260 tensors matched, 2 left at their initial values');
    await expect(train(context, recipe(), { weights })).rejects.toThrow('1 missing: conv_1.block.conv.weight');
  });

  test.each([
    ['model.freeze_modules: [encoder]', 'no layer matches'],
    ["model.freeze_modules: ['.*']", 'freezes everything'],
    ["model.freeze_modules: ['(a+)+$']", 'has a repeated group'],
    ['train.lr_multipliers: [[nothing, 2]]', 'no parameter matches'],
  ])('%s is refused', async (line, message) => {
    const { context } = commandContext();
    await expect(train(context, recipe(`${line}\n`), { weights: save('plain.safetensors') })).rejects.toThrow(message);
  });

  test('is what weights are measured on', async () => {
    const { context, printed } = commandContext({ 'model.classification.n_classes': CLASSES });
    await evaluate(context, recipe(), { weights: save('plain.safetensors') });
    expect(printed.out).toMatch(/plain\.safetensors on 24 images of .*: top-1 [\d.]+ %/);
  });
});

describe('export --to safetensors', () => {
  test('writes a state dict with its network and logits, which is recognised again', async () => {
    const { context, printed } = commandContext();
    const flags = { to: 'safetensors', out: at('out.safetensors'), device: 'wasm', threads: '1', from: 'tensorflow' };
    expect(await exportModel(context, save('plain.safetensors'), flags)).toBe(0);
    expect(printed.out).toContain('logits of a 1x3x64x64 image stored and checked');
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(at('out.safetensors'))));
    expect(tensors.size).toBe(314);
    for (const [name, value] of values) expect([...toTypedArray(name, tensors.get(name)!)], name).toEqual([...value]);
    expect(tensors.get('conv_1.block.norm.num_batches_tracked')).toMatchObject({ dtype: 'I64', shape: [] });
    expect(JSON.parse(metadata.get('model')!)).toMatchObject({
      'model.classification.name': 'mobilenetv2',
      'model.classification.variant': 'tensorflow',
      'model.classification.n_classes': CLASSES,
    });
    const again = commandContext();
    await summary(again.context, undefined, { weights: at('out.safetensors') });
    expect(again.printed.out).toContain('mobilenetv2 of tensorflow, 262 tensors matched; its stored logits agree');
  });

  test('in half precision; with the names of torchvision for its network', async () => {
    const { context } = commandContext();
    const flags = { to: 'safetensors', out: at('half.safetensors'), fp16: true, from: 'torchvision' };
    expect(await exportModel(context, save('plain.safetensors'), { ...flags, device: 'wasm' })).toBe(0);
    const { tensors } = readSafetensors(new Uint8Array(readFileSync(at('half.safetensors'))));
    expect(tensors.get('features.0.0.weight')).toMatchObject({ dtype: 'F16', shape: [32, 3, 3, 3] });
    expect(tensors.get('features.1.conv.2.num_batches_tracked')).toMatchObject({ dtype: 'I64' });
    const again = commandContext();
    await summary(again.context, undefined, { weights: at('half.safetensors') });
    expect(again.printed.out).toContain('mobilenetv2 of torchvision, 262 tensors matched; its stored logits agree');
  });

  test('a file of another network is caught by its logits', async () => {
    const wrong = new Map(readSafetensors(new Uint8Array(readFileSync(at('out.safetensors')))).metadata);
    const settings = { ...JSON.parse(wrong.get('model')!), 'model.classification.activation.name': 'gelu' };
    const weights = save('wrong.safetensors', { ...Object.fromEntries(wrong), model: JSON.stringify(settings) });
    const { context } = commandContext();
    await expect(summary(context, undefined, { weights })).rejects.toThrow('gives other logits than those');
  });
});
