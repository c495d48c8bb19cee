import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coremltoolsFact } from '../../../src/cli/export/coremltools.js';
import { replaceFolder } from '../../../src/cli/export/replace-folder.js';
import { programExecutor } from '../../../src/formats/coreml/read/interpreter.js';
import { lintPackage } from '../../../src/formats/coreml/read/lint/lint.js';
import { lintNeural } from '../../../src/formats/coreml/read/neural/lint.js';
import { exportProgram } from '../../../src/formats/coreml/write/program.js';
import { testImages } from '../../../src/formats/inference/verify.js';
import { classificationModels as models } from '../../../src/models/classification/index.js';
import type { Module } from '../../../src/nn/module.js';
import * as ops from '../../../src/ops/index.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import { readState, State } from '../../../src/tensor/state.js';
import {
  exportNetwork,
  exportPackage,
  networkOf,
  packageOf,
  trace,
  verifyNetwork,
  verifyPackage,
} from '../../support/coreml.js';
import { randomTask } from '../../support/every-network.js';
import { bodyTask, networkTask, openEngine, pixels } from '../../support/onnx.js';
import { weight } from '../../support/operator-networks.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

const image = { channels: 3, height: 64, width: 64 };
const n_classes = 4;

/** The smallest of each family. Half precision of MobileViTv2 with random values is too noisy for the bar. */
const families: [string, () => Module][] = [
  ['mobilenetv1', () => models.mobilenetv1({ n_classes, width_multiplier: 0.25 })],
  ['mobilenetv2', () => models.mobilenetv2({ n_classes, width_multiplier: 0.25, activation: 'relu6' })],
  ['mobilenetv3 small', () => models.mobilenetv3({ n_classes, mode: 'small', activation: 'hard_swish' })],
  ['efficientnet b0', () => models.efficientnet({ n_classes, mode: 'b0', activation: 'swish' })],
  ['resnet', () => models.resnet({ n_classes, depth: 18 })],
  ['mobilevit', () => models.mobilevit({ n_classes, mode: 'xx_small', activation: 'swish' })],
  ['mobilevit_v2', () => models.mobilevit_v2({ n_classes, width_multiplier: 0.5, activation: 'swish' })],
  ['vit', () => models.vit({ n_classes, mode: 'tiny', activation: 'gelu' })],
];

test.each(families)('%s, as an ML Program and as a neural network', async (name, build) => {
  const model = await trace(engine, await randomTask(engine, name, build), { image });
  for (const precision of name === 'mobilevit_v2' ? (['f32'] as const) : (['f32', 'f16'] as const)) {
    const options = { fp16: precision === 'f16' };
    const program = await packageOf(model, options);
    expect(lintPackage(program.written)).toEqual([]);
    expect((await verifyPackage(engine, program, precision)).reason).toBe(undefined);
    const network = networkOf(model, options);
    expect(lintNeural(network.written)).toEqual([]);
    expect((await verifyNetwork(engine, network, precision)).reason).toBe(undefined);
  }
});

describe('a classifier', () => {
  const classes = ['ant', 'bee', 'cat', 'dog'];
  const task = bodyTask((x) =>
    ops.linear(ops.mean(ops.conv2d(x, weight([6, 3, 3, 3])), { axes: [2, 3] }), weight([4, 6])),
  );

  test('gives the class and the probabilities', async () => {
    const { written, model } = await exportPackage(engine, task, { classes, facts: { evaluation: '{}' } });
    const { description, main } = written.model;
    expect(description.outputs.map(({ name, type }) => [name, type.kind])).toEqual([
      ['classLabel', 'string'],
      ['classLabel_probs', 'dictionary'],
    ]);
    expect(description).toMatchObject({ predictedFeature: 'classLabel', predictedProbabilities: 'classLabel_probs' });
    expect(description.inputs[0].type).toEqual({ kind: 'image', width: 8, height: 8, colorSpace: 'RGB' });
    expect([...description.metadata.userDefined]).toEqual([['evaluation', '{}']]);
    expect(main.outputs).toEqual(['classLabel', 'classLabel_probs']);

    const data = testImages([1, 3, 8, 8], 3);
    const inputs = new Map([['image', { shape: [1, 3, 8, 8], data }]]);
    const results = await programExecutor(written).run(inputs, ['logits', ...main.outputs]);
    const logits = [...(results.get('logits') as Float32Array)];
    const probabilities = [...(results.get('classLabel_probs') as Float32Array)];
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(results.get('classLabel')).toEqual([classes[logits.indexOf(Math.max(...logits))]]);
    expect(await verifyPackage(engine, { written, model })).toMatchObject({ passed: true });
  });

  test('as a neural network', async () => {
    const exported = await exportNetwork(engine, task, { classes });
    expect(exported.written.classes).toEqual({ labels: classes, probabilities: 'probabilities' });
    expect(await verifyNetwork(engine, exported)).toMatchObject({ passed: true });
  });

  test('with another number of names is refused', async () => {
    await expect(exportPackage(engine, task, { classes: ['one'] })).rejects.toThrow(/1 classes, but logits is \[1,4\]/);
  });
});

describe('options', () => {
  const task = bodyTask((x) => ops.linear(ops.flatten(x), weight([5, 192])));

  test('two exports have the same bytes', async () => {
    const task = networkTask(models.mobilenetv2({ n_classes, width_multiplier: 0.25 }));
    const exports = [await trace(engine, task, { image }), await trace(engine, task, { image })];
    const [first, second] = await Promise.all(exports.map((model) => packageOf(model)));
    expect([...first.disk.keys()].map((path) => path.split('/').at(-1)).sort()).toEqual([
      'Manifest.json',
      'model.mlmodel',
      'weight.bin',
    ]);
    for (const [path, bytes] of first.disk) expect(Buffer.compare(bytes, second.disk.get(path)!)).toBe(0);
    const [a, b] = exports.map((model) => networkOf(model));
    expect(Buffer.compare(a.bytes, b.bytes)).toBe(0);
  });

  test('half precision halves the weights and keeps what goes in and out', async () => {
    const weights = (disk: ReadonlyMap<string, Uint8Array>) =>
      disk.get('net.mlpackage/Data/com.apple.CoreML/weights/weight.bin')!.length;
    const [full, half] = [await exportPackage(engine, task), await exportPackage(engine, task, { fp16: true })];
    expect(weights(half.disk)).toBeLessThan(0.6 * weights(full.disk));
    expect(half.written.model.main.inputs[0].type).toMatchObject({ dtype: 'fp32' });
    const [output] = half.written.model.main.operations.at(-1)!.outputs;
    expect(output).toMatchObject({ name: 'logits', type: { dtype: 'fp32' } });
  });

  const filled = (value: number) => {
    const state = new State('fc.weight', [2, 192], 'parameter', () => new Float32Array(384).fill(value));
    return bodyTask((x) => ops.linear(ops.flatten(x), readState(state)));
  };

  test('half precision refuses weights that are too large, by name', async () => {
    const refused = /holds 100000, half precision ends at 65504/;
    await expect(exportPackage(engine, filled(1e5), { fp16: true })).rejects.toThrow(refused);
    await expect(exportNetwork(engine, filled(1e5), { fp16: true })).rejects.toThrow(refused);
  });

  test('half precision tells of weights that vanish', async () => {
    const { model } = await exportPackage(engine, filled(1e-9));
    expect([...exportProgram(model, { fp16: true }).vanished]).toEqual([['fc_weight', 384]]);
    expect([...exportProgram(model).vanished]).toEqual([]);
  });

  test('without embedded preprocessing the input is an array, and the file says how to scale', async () => {
    const { written } = await exportPackage(engine, task, { embedPreprocessing: false });
    const { inputs, metadata } = written.model.description;
    expect(inputs[0].type).toEqual({ kind: 'array', dtype: 'fp32', shape: [1, 3, 8, 8] });
    expect(JSON.parse(metadata.userDefined.get('preprocessing')!)).toMatchObject(pixels);
  });

  test('an open batch, and photos in a batch of two, are refused', async () => {
    await expect(exportPackage(engine, task, { batch: undefined })).rejects.toThrow(/fixed batch/);
    await expect(exportPackage(engine, task, { batch: 2 })).rejects.toThrow(/a batch of 2 images is not one image/);
  });
});

test('a folder takes the place of another one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cvnets-replace-'));
  const [from, to] = [join(folder, 'new'), join(folder, 'old')];
  for (const [path, text] of [
    [from, 'new'],
    [to, 'old'],
  ]) {
    mkdirSync(path);
    writeFileSync(join(path, 'file'), text);
  }
  await replaceFolder(from, to);
  expect(readFileSync(join(to, 'file'), 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['old']);
  expect(existsSync(from)).toBe(false);
});

test('coremltools is asked only where it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cvnets-python-'));
  const python = (name: string, script: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const answer = '{"version":"9.0","specification":6,"inputs":["image"],"outputs":["logits"],"operations":3}';
  expect(await coremltoolsFact('net', python('good', `echo '${answer}'`))).toBe(
    'coremltools 9.0 loads it: specification 6, 3 operations; inputs image; outputs logits',
  );
  await expect(coremltoolsFact('net', python('bad', 'echo "ValueError: no" >&2; exit 1'))).rejects.toThrow(
    /ValueError: no/,
  );
  await expect(coremltoolsFact('net', python('none', 'exit 3'))).rejects.toThrow(/has no coremltools/);
  await expect(coremltoolsFact('net', join(folder, 'missing'))).rejects.toThrow(/has no coremltools/);
});
