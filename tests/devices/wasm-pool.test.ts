import { expect, test } from 'vitest';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { conv2d, matmul, relu } from '../../src/ops/index.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine } from '../../src/scheduler/engine.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import { input } from '../../src/tensor/tensor.js';
import { Random } from '../support/random.js';

async function run(threads: number): Promise<Float32Array> {
  const engine = new Engine(await createWasmDevice(nodePlatform, { threads }));
  try {
    const x = input('x', [16, 5, 28, 28]);
    const w = input('w', [7, 5, 5, 5]);
    const b = input('b', [28, 33]);
    const random = new Random('pool');
    const feed = (n: number) => Float32Array.from({ length: n }, () => random.uniform());
    const feeds = new Map([
      [x, feed(16 * 5 * 28 * 28)],
      [w, feed(7 * 5 * 25)],
      [b, feed(28 * 33)],
    ]);
    const [y] = await evaluate(engine, [matmul(relu(conv2d(x, w, { padding: 2 })), b)], feeds);
    return y as Float32Array;
  } finally {
    await engine.close();
  }
}

test('any number of threads gives the same bits, also more than there are cores: threads sleep at barriers', async () => {
  const expected = await run(0);
  for (const threads of [1, 2, 3, 7]) expect(await run(threads)).toEqual(expected);
});

test('a number of threads that makes no sense is refused', async () => {
  await expect(createWasmDevice(nodePlatform, { threads: -1 })).rejects.toThrow(/threads is -1/);
  await expect(createWasmDevice(nodePlatform, { threads: 1e6 })).rejects.toThrow(/this machine has \d+ cores/);
});
