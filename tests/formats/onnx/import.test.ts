import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImportedNetwork } from '../../../src/formats/onnx/import/network.js';
import type { OnnxAttributes, OnnxModel, OnnxNode, OnnxTensor } from '../../../src/formats/onnx/model.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { lenet } from '../../../src/models/classification/lenet.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { initialize } from '../../../src/nn/initialize.js';
import { summarize } from '../../../src/nn/summary.js';
import { crossEntropy, mul, sub } from '../../../src/ops/index.js';
import { type Engine, trace } from '../../../src/scheduler/engine.js';
import { evaluate } from '../../../src/scheduler/evaluate.js';
import { channelsLast } from '../../../src/tensor/layout.js';
import { traceStates, writeState } from '../../../src/tensor/state.js';
import { input, scalar, type Tensor } from '../../../src/tensor/tensor.js';
import type { TaskContext } from '../../../src/train/task.js';
import { MersenneTwister } from '../../../src/utils/mersenne-twister.js';
import { expectClose } from '../../support/close.js';
import { type Exported, exportTask, networkTask, openEngine, verifyOnnx } from '../../support/onnx.js';
import { randomImage } from '../../support/replay.js';

const image = { channels: 3, height: 32, width: 32 };
let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

/** An imported network as a task of bytes. */
function taskOf(network: ImportedNetwork) {
  initialize(network);
  return {
    logits: (x: Tensor, { training, counter }: TaskContext) =>
      network.call(x, { training, dropoutCounter: counter, seed: 0 }),
  };
}

async function logitsOf(task: ReturnType<typeof taskOf>, bytes: Uint8Array): Promise<Float32Array> {
  const x = input('image', [2, 3, 32, 32], 'u8');
  const counter = scalar('counter', 'u32');
  const { result } = traceStates(() => task.logits(x, { training: false, counter }));
  return (await evaluate(engine, [result], new Map([[x, bytes]])))[0] as Float32Array;
}

const ownNet = () => networkTask(mobilenetv2({ n_classes: 10, width_multiplier: 0.25, activation: 'relu6' }));

describe('a file of ours', () => {
  const bytes = randomImage(2 * 3 * 32 * 32, 'u8') as Uint8Array;
  let exported: Exported;
  let expected: Float32Array;
  beforeAll(async () => {
    const task = ownNet();
    exported = await exportTask(engine, task, { image });
    expected = await logitsOf(task, bytes);
  });

  test('gives the same logits', async () => {
    const got = await logitsOf(taskOf(new ImportedNetwork(exported.file.model)), bytes);
    expectClose('logits', got, { shape: [2, 10], data: Float64Array.from(expected) });
  });

  test('with embedded preprocessing, too', async () => {
    const { file } = await exportTask(engine, ownNet(), { image, embedPreprocessing: true });
    const network = new ImportedNetwork(file.model);
    const got = await logitsOf(taskOf(network), bytes);
    expectClose('logits', got, { shape: [2, 10], data: Float64Array.from(expected) });
    // The scale of the pixels is no parameter.
    expect(network.parts().map(([name]) => name)).not.toContain('pixel_scale');
  });

  test('in half precision, too', async () => {
    const { file } = await exportTask(engine, ownNet(), { image, fp16: true });
    const got = await logitsOf(taskOf(new ImportedNetwork(file.model)), bytes);
    expectClose('logits', got, { shape: [2, 10], data: Float64Array.from(expected) }, 'f32', 2e-2);
  });

  test('is exported again with as many nodes, and verified', async () => {
    const again = await exportTask(engine, taskOf(new ImportedNetwork(exported.file.model)), { image });
    const types = ({ file }: Exported) => file.model.graph.nodes.map(({ opType }) => opType);
    expect(types(again)).toEqual(types(exported));
    expect(await verifyOnnx(engine, again)).toMatchObject({ passed: true });
  });

  test('is summarised', () => {
    const network = new ImportedNetwork(exported.file.model);
    initialize(network);
    const { parameters, macs } = summarize(network, [1, 3, 32, 32]);
    const own = mobilenetv2({ n_classes: 10, width_multiplier: 0.25 });
    initialize(own);
    const truth = summarize(own, [1, 3, 32, 32]);
    expect(macs).toBe(truth.macs);
    // Two vectors of each norm have become one bias.
    const norms = truth.parameters - parameters;
    expect(norms).toBeGreaterThan(0);
    expect(parameters).toBeGreaterThan(0.9 * truth.parameters);
  });

  test('gets a new last layer for other classes', async () => {
    const network = new ImportedNetwork(exported.file.model, { n_classes: 5 });
    initialize(network);
    const shapes = Object.fromEntries(network.parts().map(([name, part]) => [name, 'shape' in part ? part.shape : []]));
    expect(shapes.classifier_classifier_fc_weight?.[0]).toBe(5);
    expect(shapes.classifier_classifier_fc_bias).toEqual([5]);
    const got = await logitsOf(taskOf(network), bytes);
    expect(got).toHaveLength(10);
  });
});

test('grey images and pools', async () => {
  const gray = { channels: 1, height: 28, width: 28 };
  const exported = await exportTask(engine, networkTask(lenet(), { scale: [1 / 255], shift: [0] }), { image: gray });
  const again = await exportTask(engine, taskOf(new ImportedNetwork(exported.file.model)), { image: gray });
  expect(await verifyOnnx(engine, again)).toMatchObject({ passed: true });
});

/** Nodes and float tensors, as another program would have written them. */
function foreign(
  nodes: readonly Partial<OnnxNode>[],
  tensors: Record<string, [number[], ArrayLike<number>]>,
  opset = 17,
): OnnxModel {
  const initializers = Object.entries(tensors).map(([name, [dims, values]]): OnnxTensor => {
    return { name, type: 'float', dims, bytes: new Uint8Array(Float32Array.from(values).buffer) };
  });
  return {
    irVersion: 8,
    opsets: new Map([['', opset]]),
    producer: 'pytorch',
    producerVersion: '2.0',
    metadata: new Map(),
    graph: {
      name: 'main',
      nodes: nodes.map((node) => ({
        name: '',
        domain: '',
        opType: '',
        inputs: [],
        outputs: [],
        attributes: {},
        ...node,
      })),
      initializers,
      inputs: [{ name: 'input', type: 'float', dims: ['batch', 3, 8, 8] }],
      outputs: [{ name: 'output', type: 'float', dims: ['batch', 4] }],
      values: [],
    },
  };
}

const ints = (value: number[]) => ({ type: 'ints', value }) as const;
const random = new MersenneTwister(7);
const values = (count: number, low = -0.5, high = 0.5) =>
  Float32Array.from({ length: count }, () => random.uniform(low, high));

/** A convolution, a norm that was not folded, a global pool with shape arithmetic around it, a linear layer. */
const withNorm = () =>
  foreign(
    [
      {
        opType: 'Conv',
        inputs: ['input', 'conv.weight'],
        outputs: ['a'],
        attributes: { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]) },
      },
      {
        opType: 'BatchNormalization',
        name: '/bn/BatchNormalization',
        inputs: ['a', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'],
        outputs: ['b'],
        attributes: {
          epsilon: { type: 'float', value: 1e-5 },
          momentum: { type: 'float', value: 0.9 },
        } as OnnxAttributes,
      },
      { opType: 'Relu', inputs: ['b'], outputs: ['c'] },
      { opType: 'GlobalAveragePool', inputs: ['c'], outputs: ['d'] },
      // What torch.onnx writes for x.view(x.size(0), -1).
      { opType: 'Shape', inputs: ['d'], outputs: ['s'] },
      {
        opType: 'Constant',
        outputs: ['zero'],
        attributes: {
          value: { type: 'tensor', value: { name: '', type: 'int64', dims: [], bytes: new Uint8Array(8) } },
        },
      },
      { opType: 'Gather', inputs: ['s', 'zero'], outputs: ['n'], attributes: { axis: { type: 'int', value: 0 } } },
      { opType: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
      {
        opType: 'Concat',
        inputs: ['n1', 'minus'],
        outputs: ['shape'],
        attributes: { axis: { type: 'int', value: 0 } },
      },
      { opType: 'Reshape', inputs: ['d', 'shape'], outputs: ['e'] },
      {
        opType: 'Gemm',
        inputs: ['e', 'fc.weight', 'fc.bias'],
        outputs: ['output'],
        attributes: { transB: { type: 'int', value: 1 } },
      },
    ],
    {
      'conv.weight': [[6, 3, 3, 3], values(162)],
      'bn.weight': [[6], values(6, 0.5, 1.5)],
      'bn.bias': [[6], values(6)],
      'bn.running_mean': [[6], values(6)],
      'bn.running_var': [[6], values(6, 0.5, 1.5)],
      'fc.weight': [[4, 6], values(24)],
      'fc.bias': [[4], values(4)],
    },
  );
const long = (name: string, value: number): OnnxTensor => ({
  name,
  type: 'int64',
  dims: [1],
  bytes: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
});
function withIntegers(model: OnnxModel): OnnxModel {
  const initializers = [...model.graph.initializers, long('axes', 0), long('minus', -1)];
  return { ...model, graph: { ...model.graph, initializers } };
}

describe('a file of another program', () => {
  const small = { channels: 3, height: 8, width: 8 };

  test('its shape arithmetic disappears, with the batch left open', async () => {
    const network = new ImportedNetwork(withIntegers(withNorm()));
    const exported = await exportTask(engine, taskOf(network), { image: small });
    const types = exported.file.model.graph.nodes.map(({ opType }) => opType);
    expect(types).toEqual(['Conv', 'Relu', 'GlobalAveragePool', 'Flatten', 'Gemm']);
    expect(exported.file.model.graph.inputs[0].dims).toEqual(['N', 3, 8, 8]);
    expect(await verifyOnnx(engine, exported)).toMatchObject({ passed: true });
  });

  test('is fine-tuned: gradients reach every parameter, norms use the batch and move their statistics', async () => {
    const network = new ImportedNetwork(withIntegers(withNorm()));
    const { parameters, buffers } = initialize(network);
    expect(buffers.map(({ name }) => name)).toEqual(['bn.running_mean', 'bn.running_var']);
    expect(parameters.map(({ name }) => name)).toEqual(['conv.weight', 'bn.weight', 'bn.bias', 'fc.weight', 'fc.bias']);
    const traced = trace(() => {
      const x = input('x', [16, 3, 8, 8]);
      const target = input('target', [16], 'i32');
      const logits = network.call(x, { training: true, dropoutCounter: scalar('counter', 'u32'), seed: 0 });
      const loss = crossEntropy(logits, target);
      const states = parameters.map((state) => network.parts().find(([name]) => name === state.name)!);
      const weights = states.map(([, part]) => ('read' in part ? part.read() : undefined)!);
      gradients(loss, weights).forEach((gradient, i) => {
        writeState(parameters[i], sub(weights[i], mul(gradient, 0.5)));
      });
      return { loss };
    });
    const program = await engine.compile('step', traced);
    const before = await engine.readState(buffers[0]);
    const target = Int32Array.from({ length: 16 }, (_, i) => i % 4);
    // Each class has a brightness of its own.
    const pixels = Float32Array.from(
      { length: 16 * 192 },
      (_, i) => (Math.floor(i / 192) % 4) - 1.5 + random.uniform(-0.3, 0.3),
    );
    const x = channelsLast(pixels, [16, 3, 8, 8]);
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) losses.push((await program.run({ inputs: { x, target } })).loss[0]);
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]);
    expect(await engine.readState(buffers[0])).not.toEqual(before);
    engine.release(program);
  });

  test('what is not supported is listed by operator and node', () => {
    const model = withIntegers(withNorm());
    const nodes = model.graph.nodes.map((node) =>
      node.opType === 'Relu' ? { ...node, opType: 'LSTM', name: '/rnn/LSTM' } : node,
    );
    const other = [...nodes, { ...nodes[0], domain: 'com.example', opType: 'Magic', name: 'm', outputs: ['m'] }];
    expect(() => new ImportedNetwork({ ...model, graph: { ...model.graph, nodes: other } })).toThrow(
      /not supported:\n {2}LSTM: \/rnn\/LSTM\n {2}com.example.Magic: m/,
    );
  });

  test('what does not fit is told with the node', async () => {
    const model = withIntegers(withNorm());
    const initializers = model.graph.initializers.map((t) =>
      t.name === 'conv.weight' ? { ...t, dims: [6, 9, 3, 1] } : t,
    );
    const network = new ImportedNetwork({ ...model, graph: { ...model.graph, initializers } });
    await expect(exportTask(engine, taskOf(network), { image: small })).rejects.toThrow(
      /\(Conv\) cannot be done: .*input channels/,
    );
  });

  test('two inputs, or none that is an image, are refused', () => {
    const model = withIntegers(withNorm());
    const inputs = [...model.graph.inputs, { name: 'mask', type: 'float' as const, dims: [1] }];
    expect(() => new ImportedNetwork({ ...model, graph: { ...model.graph, inputs } })).toThrow(
      /2 inputs \(input, mask\)/,
    );
    const flat = [{ ...model.graph.inputs[0], dims: ['N', 3] }];
    expect(() => new ImportedNetwork({ ...model, graph: { ...model.graph, inputs: flat } })).toThrow(/no image/);
  });
});
