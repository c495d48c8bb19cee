import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lintOnnx } from '../../../src/formats/onnx/lint/lint.js';
import * as ops from '../../../src/ops/index.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import { bodyTask, exportTask, openEngine, verifyOnnx } from '../../support/onnx.js';
import { operatorNetworks, unevenResizes, weight } from '../../support/operator-networks.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

describe.each([17, 18, 21])('opset %i', (opset) => {
  const all = opset === 17 ? operatorNetworks : { ...operatorNetworks, ...unevenResizes };

  test.each(Object.entries(all))('%s', async (_, body) => {
    const exported = await exportTask(engine, bodyTask(body), { opset });
    expect(lintOnnx(exported.file)).toEqual([]);
    const types = exported.file.model.graph.nodes.map(({ opType }) => opType);
    expect(types.filter((type) => ['Shape', 'Gather', 'Constant', 'Identity'].includes(type))).toEqual([]);
    const report = await verifyOnnx(engine, exported);
    expect(report.reason).toBe(undefined);
    expect(report.batches.map(({ batch }) => batch)).toEqual([1, 3]);
  });
});

test('opset 17 refuses sizes that it cannot say, unless the batch is fixed', async () => {
  const task = bodyTask(unevenResizes['bilinear, 8 to 11 by 5']);
  await expect(exportTask(engine, task, { opset: 17 })).rejects.toThrow(/opset 17 cannot say/);
  const report = await verifyOnnx(engine, await exportTask(engine, task, { opset: 17, batch: 2 }));
  expect(report).toMatchObject({ passed: true, batches: [{ batch: 2 }] });
});

test('a fixed batch repeats what an open one cannot', async () => {
  const task = bodyTask((x) => ops.concat([ops.expand(weight([1, 3, 1, 8]), [x.shape[0], 3, 1, 8]), x, x], 2));
  await expect(exportTask(engine, task)).rejects.toThrow(/once for each image/);
  expect(await verifyOnnx(engine, await exportTask(engine, task, { batch: 2 }))).toMatchObject({ passed: true });
});
