import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTask } from '../../src/config/build-task.js';
import { resolveConfig } from '../../src/config/resolve.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { readWeights } from '../../src/formats/weights/read.js';
import { variantNames } from '../../src/models/classification/variants/index.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine, trace } from '../../src/scheduler/engine.js';
import { channelsLast } from '../../src/tensor/layout.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { identifyWeights } from '../../src/train/pretrained/identify.js';
import { loadPretrained } from '../../src/train/pretrained/load.js';

/** What `tests/fixtures/make_foreign_networks.py FOLDER` wrote: state dicts of random weights, images and logits. */
const folder = process.env.CVNETS_FOREIGN ?? '';
const reason = existsSync(folder) ? undefined : 'CVNETS_FOREIGN names no folder';
const names = reason ? [] : readdirSync(folder).filter((name) => name.endsWith('.pth'));
const shape = [1, 3, 64, 64];

describe.skipIf(reason)(`state dicts of torchvision and timm${reason ? ` (${reason})` : ''}`, () => {
  test.each(names)('%s is recognised, and its logits are theirs', async (name) => {
    const file = await readWeights(nodePlatform.files, join(folder, name));
    const variant = variantNames.find((variant) => name.startsWith(variant))!;
    const [settings, ...others] = identifyWeights(file, variant);
    expect(others).toEqual([]);
    const config = resolveConfig(settings);
    const image = { channels: 3, height: 64, width: 64 };
    const { values } = loadPretrained(config, image, file, { newHead: false });
    const { model } = buildTask(config, image, values);
    const engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
    const traced = trace(() => {
      const context = { training: false, dropoutCounter: scalar('counter', 'u32'), seed: 0 };
      return { logits: model.call(input('image', shape), context) };
    });
    const program = await engine.compile('logits', { ...traced, writes: new Map() });
    const facts = JSON.parse(readFileSync(join(folder, name.replace(/pth$/, 'json')), 'utf8'));
    const { logits } = await program.run({ inputs: { image: channelsLast(Float32Array.from(facts.image), shape) } });
    await engine.close();
    const most = Math.max(...facts.logits.map(Math.abs));
    const error = Math.max(...facts.logits.map((value: number, i: number) => Math.abs(logits[i] - value))) / most;
    console.log(`${name}: relative error ${error.toExponential(1)}`);
    expect(error).toBeLessThan(1e-4);
  });
});
