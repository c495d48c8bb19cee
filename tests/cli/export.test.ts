import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ExportFlags, exportModel } from '../../src/cli/commands/export.js';
import type { CommandContext } from '../../src/cli/context.js';
import { parseYaml } from '../../src/config/yaml.js';
import { decodeModel } from '../../src/formats/onnx/decode.js';
import { fromTypedArray, writeSafetensors } from '../../src/formats/safetensors.js';
import { lenet } from '../../src/models/classification/lenet.js';
import { namedParameters } from '../../src/nn/module.js';
import { nodePlatform } from '../../src/platform/node.js';
import { initializeRandomly } from '../support/replay.js';

const folder = mkdtempSync(join(tmpdir(), 'cvnets-export-'));
const weights = join(folder, 'lenet.safetensors');
const recipe = `
dataset.name: mnist
model.classification.name: lenet
model.classification.n_classes: 10
image_augmentation.center_crop.enable: false
sampler.bs.crop_size_height: 28
sampler.bs.crop_size_width: 28
`;
const digits = Array.from({ length: 10 }, (_, i) => `${i}`);

beforeAll(() => {
  const model = lenet();
  initializeRandomly(model);
  const tensors = [...namedParameters(model)].map(([name, parameter]) => {
    return [name, fromTypedArray(parameter.state.init(), parameter.shape)] as const;
  });
  writeFileSync(weights, writeSafetensors(new Map(tensors), new Map([['classes', JSON.stringify(digits)]])));
});

async function run(target: string, flags: ExportFlags, overrides = recipe) {
  let printed = '';
  const context: CommandContext = {
    platform: nodePlatform,
    overrides: parseYaml(overrides, 'test'),
    interruptible: () => new AbortController().signal,
    output: {
      isTerminal: false,
      write: (text) => {
        printed += text;
      },
      writeError: () => {},
    },
  };
  const code = await exportModel(context, target, flags);
  return { code, printed };
}

describe('to ONNX', () => {
  const out = join(folder, 'lenet.onnx');

  test('writes a file that was run, with classes and preprocessing', async () => {
    const { code, printed } = await run(weights, { to: 'onnx', out, size: '28' });
    expect(printed).toMatch(/verified: onnxruntime-\w+ [\d.]+, f32/);
    expect(printed).toMatch(/batch 1: relative error .*dB, top-1 equal\n {2}batch 3:/);
    expect(code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['lenet.onnx', 'lenet.safetensors']);
    const { metadata, graph, irVersion } = decodeModel(new Uint8Array(readFileSync(out)));
    expect(irVersion).toBe(8);
    expect(JSON.parse(metadata.get('classes')!)).toEqual(digits);
    expect(graph.inputs[0].dims).toEqual(['N', 1, 28, 28]);
  });

  test('the same bytes again', async () => {
    const again = join(folder, 'again.onnx');
    await run(weights, { to: 'onnx', out: again, size: '28,28' });
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  });

  test('a fixed batch, half precision, bytes in, data in a file beside it', async () => {
    const path = join(folder, 'other.onnx');
    const flags = { fp16: true, batch: '2', embedPreprocessing: true, opset: '21', externalAbove: '1000' };
    const { code, printed } = await run(weights, { to: 'onnx', out: path, size: '28', json: true, ...flags });
    expect(code).toBe(0);
    const event = JSON.parse(printed);
    expect(event.verification).toMatchObject({ precision: 'f16', passed: true, batches: [{ batch: 2 }] });
    expect(event.paths).toHaveLength(2);
    for (const written of event.paths) expect(existsSync(written)).toBe(true);
    const { graph, opsets } = decodeModel(new Uint8Array(readFileSync(path)));
    expect([graph.inputs[0], opsets.get('')]).toEqual([{ name: 'image', type: 'uint8', dims: [2, 1, 28, 28] }, 21]);
  });

  test('--check finds nothing in it, and finds what is broken', async () => {
    expect(await run(out, { check: true })).toMatchObject({
      code: 0,
      printed: expect.stringContaining('nothing wrong'),
    });
    const broken = join(folder, 'broken.onnx');
    const bytes = readFileSync(out);
    const at = bytes.indexOf('MaxPool');
    bytes.set(Buffer.from('MinPool'), at);
    writeFileSync(broken, bytes);
    const { code, printed } = await run(broken, { check: true });
    expect(code).toBe(1);
    expect(printed).toMatch(/wrong: .*MinPool/);
  });
});

describe('refuses', () => {
  test.each<[string, ExportFlags, RegExp]>([
    ['an unknown format', { to: 'onx' }, /did you mean onnx|no format/],
    ['no format', {}, /add --to/],
    ['a batch that is no number', { to: 'onnx', batch: 'some' }, /--batch is some/],
    ['an opset that is no number', { to: 'onnx', opset: 'new', size: '28' }, /--opset is new/],
    ['a size that is no number', { to: 'onnx', size: 'large' }, /--size is large/],
  ])('%s', async (_, flags, message) => {
    await expect(run(weights, { out: join(folder, 'no.onnx'), ...flags })).rejects.toThrow(message);
  });

  test('weights without a network', async () => {
    await expect(run(weights, { to: 'onnx' }, '')).rejects.toThrow(/fits no network that is recognised/);
  });

  test('weights of another network, and leaves nothing behind', async () => {
    const before = readdirSync(folder);
    const other = recipe.replace('n_classes: 10', 'n_classes: 7');
    await expect(run(weights, { to: 'onnx', out: join(folder, 'no.onnx'), size: '28' }, other)).rejects.toThrow(
      /classifier_fc/,
    );
    expect(readdirSync(folder)).toEqual(before);
  });

  test('--check of a file that no format knows', async () => {
    await expect(run(join(folder, 'x.txt'), { check: true })).rejects.toThrow(/known: .onnx/);
  });
});
