import { afterAll, describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { createWebgpuDevice } from '../../src/devices/webgpu/device.js';
import { efficientnet } from '../../src/models/classification/efficientnet.js';
import { mobilenetv1 } from '../../src/models/classification/mobilenetv1.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { mobilenetv3 } from '../../src/models/classification/mobilenetv3.js';
import { mobilevit } from '../../src/models/classification/mobilevit.js';
import { mobilevitV2 } from '../../src/models/classification/mobilevit-v2.js';
import { resnet } from '../../src/models/classification/resnet.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine } from '../../src/scheduler/engine.js';
import type { Shape } from '../../src/tensor/shape.js';
import { ReferenceSession } from '../reference/evaluate.js';
import { testedDevices } from '../support/devices.js';
import { goldenFeeds, goldenModel, goldenValue, runGolden, traceFeatures } from '../support/golden.js';

const networks = {
  mobilenetv1: () => mobilenetv1(),
  mobilenetv2: () => mobilenetv2({ activation: 'relu6' }),
  'mobilenetv3 small': () => mobilenetv3({ mode: 'small' }),
  'efficientnet b0': () => efficientnet({ activation: 'swish' }),
  'mobilevit xx_small': () => mobilevit({ mode: 'xx_small', activation: 'swish' }),
  'mobilevit_v2 0.5': () => mobilevitV2({ width_multiplier: 0.5, activation: 'swish' }),
  'resnet-18': () => resnet({ depth: 18 }),
};

/** Small enough for float64 loops and software adapters; the full size runs on wasm in golden.test.ts. */
const shape: Shape = [1, 3, 64, 64];

const open = {
  wasm: () => createWasmDevice(nodePlatform, { threads: 0 }),
  webgpu: () => createWebgpuDevice(nodePlatform),
};

describe.each(testedDevices)('%s', async (kind) => {
  const engine = new Engine(await open[kind]());
  afterAll(() => engine.close());

  test.each(Object.entries(networks))('%s at 64: logits and stages are those of float64', async (_, build) => {
    const golden = goldenModel(build());
    const traced = traceFeatures(golden, shape);
    const session = new ReferenceSession();
    for (const state of [...golden.parameters, ...golden.buffers]) session.states.set(state, goldenValue(state));
    const expected = session.run(traced, goldenFeeds(shape, 0));
    const [got] = await runGolden(engine, golden, traced, shape, 1);
    const { data } = expected.logits;
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const std = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    data.forEach((value, i) => {
      expect(Math.abs(got.logits[i] - value), `logit ${i}`).toBeLessThan(1e-4 * std);
    });
    for (const stage of ['out_l1', 'out_l2', 'out_l3', 'out_l4', 'out_l5']) {
      const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
      const scale = sum(expected[stage].data.map(Math.abs));
      expect(Math.abs(sum(got[stage]) - sum(expected[stage].data)) / scale, stage).toBeLessThan(1e-4);
    }
  });
});
