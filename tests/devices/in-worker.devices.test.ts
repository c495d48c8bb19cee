import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { testedDevices } from '../support/devices.js';

/** A program as an application's worker runs it: the built package, engine and device inside the worker. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
(async () => {
  const { Engine, evaluate, hostPlatform, input, openDevice, relu } = await import(workerData.entry);
  const platform = hostPlatform();
  const engine = new Engine(await openDevice(platform, { device: workerData.device, threads: 2 }));
  const x = input('x', [2, 2]);
  const [y] = await evaluate(engine, [relu(x)], new Map([[x, Float32Array.of(1, -1, 2, -3)]]));
  await engine.close();
  platform.close();
  parentPort.postMessage({ description: engine.device.description, y: [...y] });
})();
`;

const entry = new URL('../../build/dist/index.node.js', import.meta.url).href;

test.each(testedDevices)('%s lives in a worker of Node', async (device) => {
  const worker = new Worker(program, { eval: true, workerData: { entry, device } });
  const answer = await new Promise<{ description: string; y: number[] }>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the worker ended with code ${code}`)));
  });
  expect(answer.y).toEqual([1, 0, 2, 0]);
  expect(answer.description).toMatch(device === 'wasm' ? /2 threads/ : /./);
});
