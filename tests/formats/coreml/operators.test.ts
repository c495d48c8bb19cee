import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lintPackage } from '../../../src/formats/coreml/read/lint/lint.js';
import { lintNeural } from '../../../src/formats/coreml/read/neural/lint.js';
import * as ops from '../../../src/ops/index.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { exportNetwork, exportPackage, verifyNetwork, verifyPackage } from '../../support/coreml.js';
import { bodyTask, openEngine } from '../../support/onnx.js';
import { operatorNetworks, unevenResizes, weight } from '../../support/operator-networks.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

/** Six axes: with a batch of one they are five, with two they are not. */
const patches = (x: Tensor) => {
  const cells = ops.reshape(x, [-1, 3, 4, 2, 4, 2]);
  return ops.reshape(ops.transpose(cells, [0, 3, 5, 2, 4, 1]), [-1, 16, 3]);
};

const networks: Record<string, (x: Tensor) => Tensor> = {
  ...operatorNetworks,
  ...unevenResizes,
  patches,
  'patches and back': (x) => {
    const cells = ops.reshape(ops.relu(patches(x)), [-1, 2, 2, 4, 4, 3]);
    return ops.reshape(ops.transpose(cells, [0, 5, 3, 1, 4, 2]), [-1, 3, 8, 8]);
  },
  'batch norm of vectors': (x) => {
    const vectors = [weight([192], 1), weight([192]), weight([192]), weight([192], 1)] as const;
    return ops.batchNormInference(ops.maximum(ops.reshape(x, [-1, 192]), 0), ...vectors);
  },
  'prelu of vectors': (x) => ops.prelu(ops.reshape(x, [-1, 192]), weight([192])),
};
const { 'max-pool, padded and dilated': dilated, ...all } = networks;

describe.each(['f32', 'f16'] as const)('%s', (precision) => {
  test.each(Object.entries(all))('%s', async (_, body) => {
    const exported = await exportPackage(engine, bodyTask(body), { fp16: precision === 'f16' });
    expect(lintPackage(exported.written)).toEqual([]);
    const report = await verifyPackage(engine, exported, precision);
    expect(report.reason).toBe(undefined);
  });
});

/** What the older format has no layer for. */
const onlyPrograms = [
  'bilinear',
  'nearest, smaller',
  'bilinear, 8 to 11 by 5',
  'nearest, 8 to 11 by 5',
  'bilinear to one pixel',
];

describe.each(['f32', 'f16'] as const)('as a neural network, %s', (precision) => {
  test.each(Object.entries(all).filter(([name]) => !onlyPrograms.includes(name)))('%s', async (_, body) => {
    const exported = await exportNetwork(engine, bodyTask(body), { fp16: precision === 'f16' });
    expect(lintNeural(exported.written)).toEqual([]);
    const report = await verifyNetwork(engine, exported, precision);
    expect(report.reason).toBe(undefined);
  });

  test.each(onlyPrograms)('%s is refused', async (name) => {
    await expect(exportNetwork(engine, bodyTask(all[name]))).rejects.toThrow(
      /a neural network of specification 4 has no/,
    );
  });
});

test('a batch of two images is an array', async () => {
  const options = { batch: 2, embedPreprocessing: false };
  for (const body of [all.patches, all['patches and back'], all.split, all['group norm']]) {
    const exported = await exportPackage(engine, bodyTask(body), options);
    expect(lintPackage(exported.written)).toEqual([]);
    const report = await verifyPackage(engine, exported);
    expect(report).toMatchObject({ passed: true, batches: [{ batch: 2 }] });
  }
});

test('what CoreML cannot say is refused by name', async () => {
  await expect(exportPackage(engine, bodyTask(dilated))).rejects.toThrow(/dilated max-pool/);
  const corner = bodyTask((x) => ops.resize2d(x, { size: [1, 4], alignCorners: true }));
  await expect(exportPackage(engine, corner)).rejects.toThrow(/with corners/);
});
