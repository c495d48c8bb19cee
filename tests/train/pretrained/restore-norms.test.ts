import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTask } from '../../../src/config/build-task.js';
import { resolveConfig } from '../../../src/config/resolve.js';
import type { BatchSource, ImageBatch } from '../../../src/data/batch.js';
import { createWasmDevice } from '../../../src/devices/wasm/device.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { Engine, trace } from '../../../src/scheduler/engine.js';
import { input, scalar } from '../../../src/tensor/tensor.js';
import { restoreNorms } from '../../../src/train/pretrained/restore-norms.js';
import { usedScalars } from '../../../src/train/programs.js';
import { Random } from '../../support/random.js';

const config = resolveConfig(
  Object.entries({
    'model.classification.name': 'resnet',
    'model.classification.resnet.depth': 18,
    'model.classification.n_classes': 5,
  }).map(([key, value]) => ({ key, value, where: 'test' })),
);
const image = { channels: 3, height: 32, width: 32 };
const random = new Random('photos');
const batch: ImageBatch = {
  size: 16,
  ...image,
  // Photos differ more from each other than noise does.
  image: Uint8Array.from({ length: 16 * 32 * 32 * 3 }, (_, i) => random.integer(16 * (1 + Math.floor(i / 3072)))),
  target: new Int32Array(16),
};
const source = { epoch: () => [batch, { ...batch, size: 3 }, batch] } as unknown as BatchSource;

let engine: Engine;
beforeAll(async () => {
  engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
});
afterAll(() => engine.close());

async function logits(values: ReadonlyMap<string, Float32Array>, training: boolean): Promise<number[]> {
  const task = buildTask(config, image, values);
  const traced = trace(() => {
    const pixels = input('image', [batch.size, 3, 32, 32], 'u8');
    return { logits: task.logits(pixels, { training, counter: scalar('counter', 'u32') }) };
  });
  const program = await engine.compile('logits', { ...traced, writes: new Map() });
  const result = await program.run({ inputs: { image: batch.image }, scalars: usedScalars(program, { counter: 0 }) });
  engine.release(program);
  return [...result.logits];
}

const difference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...b.map(Math.abs));

test('an evaluation stays what it was, and training starts from it', async () => {
  const task = buildTask(config, image);
  // Norms that do nothing, as after folding.
  const folded = new Map([...task.parameters, ...task.buffers].map(({ name, init }) => [name, init() as Float32Array]));
  const before = await logits(folded, false);
  expect(difference(await logits(folded, true), before)).toBeGreaterThan(0.5);
  const restored = await restoreNorms(engine, buildTask(config, image, folded), folded, source, 2);
  expect(difference(await logits(restored, false), before)).toBeLessThan(1e-3);
  expect(difference(await logits(restored, true), before)).toBeLessThan(1e-2);
  const name = 'conv_1.block.norm.running_mean';
  expect(restored.get(name)).not.toEqual(folded.get(name));
  expect(restored.get('conv_1.block.conv.weight')).toEqual(folded.get('conv_1.block.conv.weight'));
});
