import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../../src/devices/wasm/device.js';
import { constantsOf, type InferenceGraph, isConstant } from '../../../src/formats/inference/graph.js';
import { type InferenceOptions, inferenceModel, traceLogits } from '../../../src/formats/inference/model.js';
import { Names } from '../../../src/formats/inference/names.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { resnet } from '../../../src/models/classification/resnet.js';
import type { Module } from '../../../src/nn/module.js';
import * as ops from '../../../src/ops/index.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { Engine } from '../../../src/scheduler/engine.js';
import { evaluate } from '../../../src/scheduler/evaluate.js';
import { BATCH } from '../../../src/tensor/shape.js';
import { readState, State } from '../../../src/tensor/state.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { expectClose } from '../../support/close.js';
import { initializeRandomly, randomImage, replay } from '../../support/replay.js';

const image = { channels: 3, height: 32, width: 32 };
const pixels = { scale: [0.01, 0.02, 0.03], shift: [-1, -2, -3] };
let engine: Engine;

beforeAll(async () => {
  engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
});
afterAll(() => engine.close());

function taskOf(model: Module) {
  initializeRandomly(model);
  return {
    logits: (x: Tensor, { training, counter }: { training: boolean; counter: Tensor }) =>
      model.call(ops.toFloat(x, pixels), { training, dropoutCounter: counter, seed: 0 }),
  };
}

const bodyOf = (body: (x: Tensor) => Tensor) => ({ logits: (x: Tensor) => body(ops.toFloat(x, pixels)) });
const kinds = ({ nodes }: InferenceGraph) => nodes.map(({ op }) => op);
const options = (extra: Partial<InferenceOptions> = {}): InferenceOptions => ({ name: 'net', image, ...extra });

describe('networks', () => {
  test.each([
    ['mobilenetv2', () => mobilenetv2({ n_classes: 10, width_multiplier: 0.25 }), 52],
    ['resnet 18', () => resnet({ n_classes: 10, depth: 18 }), 21],
  ])('%s: norms are folded and the result is the same', async (_, build, convolutions) => {
    const task = taskOf(build());
    const fixed = options({ batch: 2, embedPreprocessing: true });
    const { graph } = await inferenceModel(engine, task, fixed);
    expect(kinds(graph)).not.toContain('batchNormInference');
    expect(kinds(graph).filter((op) => op === 'conv2d')).toHaveLength(convolutions);

    const bytes = randomImage(2 * 3 * 32 * 32, 'u8');
    const { image: feed, outputs } = traceLogits(task, fixed);
    const [expected] = await evaluate(engine, [outputs.logits], new Map([[feed, bytes]]));
    const [got] = await replay(engine, graph, [bytes]);
    expectClose('logits', got, { shape: [2, 10], data: Float64Array.from(expected) });
  });

  test('the batch is symbolic, names are legal, unique and those of the layers', async () => {
    const task = taskOf(mobilenetv2({ n_classes: 10, width_multiplier: 0.25 }));
    const { graph, pixels: found } = await inferenceModel(engine, task, options());
    const values = [...graph.inputs, ...constantsOf(graph), ...graph.nodes.flatMap(({ outputs }) => outputs)];
    const names = values.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
    expect(names).toContain('layer_1_mv2_block_0_block_conv_3x3_block_conv_weight');
    expect(names).toContain('layer_1_mv2_block_0_block_conv_3x3_block_act');
    expect(graph.inputs).toMatchObject([{ name: 'image', dtype: 'f32', shape: [BATCH, 3, 32, 32] }]);
    expect(graph.outputs).toMatchObject([{ name: 'logits', shape: [BATCH, 10] }]);
    for (const output of graph.nodes.flatMap(({ outputs }) => outputs)) expect(output.shape[0]).toBe(BATCH);
    expect(found).toEqual({ ...pixels, embedded: false });
  });

  test('two exports are equal', async () => {
    const task = taskOf(mobilenetv2({ n_classes: 10, width_multiplier: 0.25 }));
    const print = async () => {
      const { graph } = await inferenceModel(engine, task, options());
      return graph.nodes.map(({ op, attrs, inputs, outputs }) => [
        op,
        attrs,
        inputs.map(describeValue),
        outputs[0].name,
      ]);
    };
    const describeValue = (value: { name: string; data?: ArrayLike<number> }) => [value.name, value.data?.[0]];
    expect(await print()).toEqual(await print());
  });
});

describe('small graphs', () => {
  const weight = new State('fc.weight', [4, 3], 'parameter', () => Float32Array.from({ length: 12 }, (_, i) => i - 5));

  test('what depends on states alone is a constant', async () => {
    const task = bodyOf((x) => {
      const w = ops.mul(ops.transpose(readState(weight), [1, 0]), 2);
      return ops.matmul(ops.mean(x, { axes: [2, 3] }), w);
    });
    const { graph } = await inferenceModel(engine, task, options());
    expect(kinds(graph)).toEqual(['reduce', 'matmul']);
    const [, w] = graph.nodes[1].inputs;
    expect(isConstant(w) && [...w.data]).toEqual([-10, -4, 2, 8, -8, -2, 4, 10, -6, 0, 6, 12]);
  });

  test('reshapes and transposes are merged, and vanish when they undo each other', async () => {
    const task = bodyOf((x) => {
      const y = ops.transpose(ops.transpose(x, [0, 2, 3, 1]), [0, 3, 1, 2]);
      const z = ops.reshape(ops.reshape(y, [-1, 3, 1024]), [-1, 3, 32, 32]);
      return ops.relu(ops.reshape(ops.reshape(z, [-1, 3, 1024]), [-1, 3072]));
    });
    const { graph } = await inferenceModel(engine, task, options());
    expect(kinds(graph)).toEqual(['reshape', 'activation']);
  });

  test('a token before the others needs no count of images', async () => {
    const token = new State('cls', [1, 1, 3], 'parameter', () => Float32Array.of(7, 8, 9));
    const task = bodyOf((x) => {
      const patches = ops.transpose(ops.reshape(x, [-1, 3, 1024]), [0, 2, 1]);
      return ops.concat([ops.expand(readState(token), [x.shape[0], 1, 3]), patches], 1);
    });
    const { graph } = await inferenceModel(engine, task, options());
    expect(kinds(graph)).toEqual(['reshape', 'transpose', 'pad', 'binary']);
    const bound = { ...graph, inputs: [{ ...graph.inputs[0], shape: [1, 3, 32, 32] }] };
    bound.nodes = graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((v) => (v === graph.inputs[0] ? bound.inputs[0] : v)),
    })) as never;
    const [y] = await replay(engine, bound, [randomImage(3072, 'f32')]);
    expect([...y.slice(0, 3)]).toEqual([7, 8, 9]);
    expect(y).toHaveLength(1025 * 3);
  });

  test('a norm whose convolution is read elsewhere stays', async () => {
    const kernel = new State('w', [3, 3, 1, 1], 'parameter', () => new Float32Array(9).fill(0.5));
    const vectors = ['g', 'b', 'm', 'v'].map(
      (name) => new State(name, [3], 'buffer', () => new Float32Array(3).fill(1.5)),
    );
    const task = bodyOf((x) => {
      const y = ops.conv2d(x, readState(kernel));
      const [g, b, m, v] = vectors.map((state) => readState(state));
      return ops.add(ops.batchNormInference(y, g, b, m, v, { activation: 'relu' }), y);
    });
    const { graph } = await inferenceModel(engine, task, options());
    expect(kinds(graph)).toEqual(['conv2d', 'batchNormInference', 'activation', 'binary']);
  });

  test('operators of training are refused by name', async () => {
    const task = {
      logits: (x: Tensor, { counter }: { counter: Tensor }) =>
        ops.dropout(ops.toFloat(x), counter, { p: 0.5, seed: 0, stream: 0 }),
    };
    await expect(inferenceModel(engine, task, options())).rejects.toThrow(/counter|dropout/);
  });
});

test('names', () => {
  const names = new Names();
  expect(['a.b/c', 'a-b.c', '1x', '', 'string', '__x'].map((wish) => names.take(wish))).toEqual([
    'a_b_c',
    'a_b_c_2',
    'value_1x',
    'value',
    'string_',
    'x',
  ]);
});
