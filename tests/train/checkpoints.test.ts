import { describe, expect, test } from 'vitest';
import { memoryFiles } from '../../src/platform/memory-files.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import { State } from '../../src/tensor/state.js';
import { byName, Checkpoints, decodeStates, encodeStates, type StateAccess } from '../../src/train/checkpoints.js';
import { type Progress, parseProgress, startOfRun } from '../../src/train/progress.js';

const state = (name: string, shape: number[], dtype: 'f32' | 'u32' = 'f32') =>
  new State(name, shape, 'parameter', () => new Float32Array(shape.reduce((n, d) => n * d, 1)), dtype);

function memoryStates(values: [State, TypedArray][]): StateAccess & { values: Map<State, TypedArray> } {
  const map = new Map(values);
  return {
    values: map,
    readState: async (s) => map.get(s)!,
    writeState: async (s, array) => {
      map.set(s, array);
    },
  };
}

const weight = state('fc.weight', [2, 2]);
const steps = state('steps', [], 'u32');
const states = byName([weight, steps]);
const filled = () =>
  memoryStates([
    [weight, Float32Array.of(1, 2, Number.NaN, -0)],
    [steps, Uint32Array.of(7)],
  ]);
const empty = () =>
  memoryStates([
    [weight, new Float32Array(4)],
    [steps, new Uint32Array(1)],
  ]);
const identity = { device: 'wasm', numerics: 'portable', seed: 0 };
const progress: Progress = {
  ...startOfRun(),
  epoch: 2,
  batch: 17,
  updates: 955,
  sums: { images: 2176, loss: 0.1 + 0.2, top1: 2000 },
  best: 98.7,
  kept: [{ file: 'checkpoint_epoch_1_98.7000.safetensors', epoch: 1, score: 98.7 }],
};

describe('the last training checkpoint', () => {
  test('gives everything back', async () => {
    const checkpoints = new Checkpoints(memoryFiles(), 'c', 3);
    const before = filled();
    await checkpoints.saveLast(before, states, progress, identity);
    const after = empty();
    expect(await checkpoints.loadLast(after, states, identity)).toEqual(progress);
    expect(after.values).toEqual(before.values);
  });

  test.each([{ device: 'webgpu' }, { numerics: 'fast' }, { seed: 1 }])('refuses another %j', async (change) => {
    const checkpoints = new Checkpoints(memoryFiles(), 'c', 3);
    await checkpoints.saveLast(filled(), states, progress, identity);
    await expect(checkpoints.loadLast(empty(), states, { ...identity, ...change })).rejects.toThrow('bit for bit');
  });

  test('is missed by its name', async () => {
    const checkpoints = new Checkpoints(memoryFiles(), 'c', 3);
    await expect(checkpoints.loadLast(empty(), states, identity)).rejects.toThrow('without a training checkpoint');
  });

  test('refuses a file of weights', async () => {
    const files = memoryFiles();
    await files.write('c/training_checkpoint_last.safetensors', await encodeStates(filled(), states, new Map()));
    await expect(new Checkpoints(files, 'c', 3).loadLast(empty(), states, identity)).rejects.toThrow('no training');
  });
});

describe('a file that does not fit writes nothing', () => {
  test.each<[string, ReturnType<typeof byName>, string]>([
    ['missing', byName([weight, steps, state('bias', [2])]), '1 missing (bias)'],
    ['unknown', byName([weight]), '1 unknown (steps)'],
    ['another shape', byName([state('fc.weight', [4, 1]), steps]), 'the model has f32[4,1]'],
    ['another type', byName([weight, state('steps', [])]), 'steps is U32[]'],
  ])('%s', async (_, wanted, message) => {
    const file = await encodeStates(filled(), states, new Map());
    const target = memoryStates([]);
    await expect(decodeStates(target, wanted, file, 'x')).rejects.toThrow(message);
    expect(target.values.size).toBe(0);
  });
});

test('keeps the k best and removes the others', async () => {
  const files = memoryFiles();
  const checkpoints = new Checkpoints(files, 'c', 2);
  let kept = startOfRun().kept;
  for (const [epoch, score] of [90, 95, 93, 95, 80].entries()) {
    const candidate = { file: `e${epoch}.safetensors`, epoch, score };
    kept = await checkpoints.keepBest(filled(), states, { kept, candidate, larger: true });
  }
  expect(kept.map(({ epoch }) => epoch)).toEqual([1, 3]);
  expect(await files.list('c')).toEqual(['e1.safetensors', 'e3.safetensors']);

  const [lowest] = await checkpoints.keepBest(filled(), states, {
    kept: [],
    candidate: { file: 'low.safetensors', epoch: 0, score: 0.1 },
    larger: false,
  });
  expect(lowest.score).toBe(0.1);
});

test('two states of one name are an error', () => {
  expect(() => byName([weight, state('fc.weight', [1])])).toThrow('fc.weight');
});

test.each([
  '',
  '{}',
  '[]',
  '{"epoch":-1}',
  JSON.stringify({ ...progress, sums: {} }),
  JSON.stringify({ ...progress, kept: [{ file: '../x', epoch: 1, score: 1 }] }),
])('progress %j is refused', (json) => {
  expect(() => parseProgress(json, 'x')).toThrow('resume needs a training checkpoint');
});
