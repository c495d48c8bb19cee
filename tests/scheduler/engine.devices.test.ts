import { describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { createWebgpuDevice } from '../../src/devices/webgpu/device.js';
import { lenet } from '../../src/models/classification/lenet.js';
import { initialize } from '../../src/nn/initialize.js';
import { add, crossEntropy, host, mul, relu, sum, toFloat } from '../../src/ops/index.js';
import { Sgd } from '../../src/optim/sgd.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine, trace } from '../../src/scheduler/engine.js';
import { ProgramCache } from '../../src/scheduler/program-cache.js';
import { readState, State, writeState } from '../../src/tensor/state.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { inputSpecs, traceStep } from '../../src/train/programs.js';
import { testedDevices } from '../support/devices.js';

const open = {
  wasm: () => createWasmDevice(nodePlatform, { threads: 0 }),
  webgpu: () => createWebgpuDevice(nodePlatform),
};

/** A training step of a small network at one resolution. */
function lenetStep() {
  const model = lenet({ n_classes: 10, image_size: 16 });
  const { parameters, buffers } = initialize(model, { seed: 3 });
  const task = {
    classes: 10,
    parameters,
    buffers,
    logits: (x: Parameters<typeof toFloat>[0], { training, counter }: { training: boolean; counter: typeof x }) =>
      model.call(toFloat(x), { training, dropoutCounter: counter, seed: 3 }),
    loss: (logits: Parameters<typeof toFloat>[0], target: typeof logits) => crossEntropy(logits, target),
  };
  const rule = new Sgd(
    parameters.map((state) => ({ state })),
    {},
  );
  return (batch: number) =>
    traceStep(task, rule, undefined, { first: true, last: true }, [], inputSpecs({ batch, height: 16, width: 16 }, 1));
}

const feeds = (batch: number) => ({
  inputs: {
    image: new Uint8Array(batch * 256).map((_, i) => i % 251),
    target: new Int32Array(batch).map((_, i) => i % 10),
  },
  scalars: { lr: 0.1 },
});

describe.each(testedDevices)('%s', (kind) => {
  test('the memory that the plan predicts is what the device holds, and a run allocates nothing', async () => {
    const engine = new Engine(await open[kind]());
    const program = await engine.compile('train', lenetStep()(8));
    await program.run(feeds(8));
    expect(engine.memory.bytes).toBe(program.plan.memory.total);
    const before = { ...engine.memory };
    for (let i = 0; i < 3; i++) await program.run(feeds(8));
    expect({ ...engine.memory }).toEqual(before);
    await engine.close();
  });

  test('the same within a memory budget', async () => {
    const step = lenetStep()(64);
    const refusing = new Engine(await open[kind](), { memoryBudget: 1 });
    const refused = await refusing.compile('train', step).catch((error: Error) => error.message);
    await refusing.close();
    const memoryBudget = Number(/at least (\d+) bytes/.exec(`${refused}`)![1]);
    const engine = new Engine(await open[kind](), { memoryBudget });
    const program = await engine.compile('train', step);
    await program.run(feeds(64));
    expect(program.plan.recomputed!.peak).toBeGreaterThan(memoryBudget);
    expect(engine.memory.bytes).toBe(program.plan.memory.total);
    expect(engine.memory.peakBytes).toBeLessThanOrEqual(memoryBudget);
    await engine.close();
  });

  test('a program of more dispatches than one command buffer holds', async () => {
    const engine = new Engine(await open[kind]());
    const program = await engine.compile(
      'long',
      trace(() => {
        let y = input('x', [4]);
        for (let i = 0; i < 600; i++) y = add(y, 1);
        return { y };
      }),
    );
    const { y } = await program.run({ inputs: { x: Float32Array.of(0, 1, 2, 3) } });
    expect([...y]).toEqual([600, 601, 602, 603]);
    await engine.close();
  });

  test('programs of several shapes share the states and one pool of the largest size', async () => {
    const engine = new Engine(await open[kind]());
    const step = lenetStep();
    const programs = await engine.compileAll(
      [4, 12, 8].map((batch) => ({ name: `train ${batch}`, trace: step(batch) })),
    );
    const memory = programs.map(({ plan }) => plan.memory);
    await programs[1].run(feeds(12));
    const own = memory.reduce((total, { constants, program }) => total + constants + program, 0);
    const readBack = kind === 'webgpu' ? engine.device.readBackBytes([4, 4]) * 2 : 0;
    expect(engine.memory.bytes).toBe(memory[1].states + Math.max(...memory.map(({ pool }) => pool)) + own - readBack);
    const [a] = await Promise.all([programs[0].run(feeds(4)), programs[2].run(feeds(8))]);
    expect(Number.isFinite(a.loss[0])).toBe(true);
    await engine.close();
  });

  test('a program that needs a larger pool moves it under the others', async () => {
    const engine = new Engine(await open[kind]());
    const step = lenetStep();
    const small = await engine.compile('small', step(2));
    const { loss: first } = await small.run(feeds(2));
    await engine.compile('large', step(32));
    const { loss: second } = await small.run(feeds(2));
    expect(second[0]).toBeLessThan(first[0]);
    await engine.close();
  });

  test('states keep the order of writes over steps, and can be read and written', async () => {
    const engine = new Engine(await open[kind]());
    const counter = new State('counter', [3], 'buffer', () => Float32Array.of(1, 2, 3));
    const program = await engine.compile(
      'count',
      trace(() => {
        const before = readState(counter);
        writeState(counter, mul(before, 2));
        writeState(counter, add(readState(counter), scalar('step')));
        return { before };
      }),
    );
    const runs = [1, 2].map((step) => program.run({ scalars: { step } }));
    expect((await Promise.all(runs)).map(({ before }) => [...before])).toEqual([
      [1, 2, 3],
      [3, 5, 7],
    ]);
    expect([...(await engine.readState(counter))]).toEqual([8, 12, 16]);
    await engine.writeState(counter, Float32Array.of(0, 0, 1));
    expect([...(await program.run({ scalars: { step: 0 } })).before]).toEqual([0, 0, 1]);
    await expect(engine.writeState(counter, new Float32Array(2))).rejects.toThrow(
      /counter \[3\] has 3 elements, got 2/,
    );
    await engine.close();
  });

  test('host nodes run between parts of the plan, in the order of the runs', async () => {
    const engine = new Engine(await open[kind]());
    const seen: number[] = [];
    const program = await engine.compile(
      'host',
      trace(() => {
        const x = input('x', [4]);
        const [sorted] = host([relu(x)], {
          name: 'sort',
          outputs: [{ shape: [4], dtype: 'f32' }],
          async run([values]) {
            seen.push(values[0]);
            await new Promise((resolve) => setTimeout(resolve, 5));
            return [Float32Array.from(values).sort()];
          },
        });
        return { sorted, total: sum(mul(sorted, input('weight', [4]))) };
      }),
    );
    const weight = Float32Array.of(1, 10, 100, 1000);
    const results = await Promise.all(
      [3, 2].map((first) => program.run({ inputs: { x: Float32Array.of(first, -1, 1, 5), weight } })),
    );
    expect(results.map(({ sorted }) => [...sorted])).toEqual([
      [0, 1, 3, 5],
      [0, 1, 2, 5],
    ]);
    expect(results.map(({ total }) => total[0])).toEqual([5310, 5210]);
    expect(seen).toEqual([3, 2]);
    await engine.close();
  });

  test('feeds are checked by name, type and length', async () => {
    const engine = new Engine(await open[kind]());
    const program = await engine.compile(
      'feeds',
      trace(() => ({ y: mul(input('x', [2, 3]), scalar('factor')) })),
    );
    const x = new Float32Array(6);
    await expect(program.run({ inputs: { x } })).rejects.toThrow(/scalar factor is undefined/);
    await expect(program.run({ inputs: { x: new Float32Array(5) }, scalars: { factor: 1 } })).rejects.toThrow(
      /input x is f32\[2,3\] = 6 elements, got 5 elements of f32/,
    );
    await expect(program.run({ inputs: { x, z: x }, scalars: { factor: 1 } })).rejects.toThrow(
      /has no input z.*\n.*it has: x/,
    );
    await expect(program.run({ inputs: { x }, scalars: { factor: Number.NaN } })).rejects.toThrow(/factor is NaN/);
    await engine.close();
  });

  test('a cache plans each set of shapes once, under a key that names everything', async () => {
    const engine = new Engine(await open[kind]());
    let traced = 0;
    const cache = new ProgramCache(engine, {
      mode: 'eval',
      trace: (inputs) => {
        traced++;
        return trace(() => ({ y: relu(input('x', inputs.x.shape)) }));
      },
    });
    const specs = (n: number) => ({ x: { shape: [n, 3], dtype: 'f32' } as const });
    await cache.prepare([specs(1), specs(2), specs(1)]);
    const [a, b] = await Promise.all([cache.get(specs(2)), cache.get(specs(2))]);
    expect(a).toBe(b);
    await cache.get(specs(5));
    expect(traced).toBe(3);
    expect(cache.key(specs(5))).toBe('eval portable f32 x:f32[5,3]');
    await engine.close();
  });
});
