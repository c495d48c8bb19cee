import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from '../../../src/formats/onnx/encode.js';
import { lintOnnx } from '../../../src/formats/onnx/lint/lint.js';
import type {
  OnnxAttribute,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValue,
} from '../../../src/formats/onnx/model.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { mul } from '../../../src/ops/index.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import type { Tensor } from '../../../src/tensor/tensor.js';
import { type Exported, exportTask, fileOf, networkTask, openEngine, verifyOnnx } from '../../support/onnx.js';

let engine: Engine;
let good: Exported;
beforeAll(async () => {
  engine = await openEngine();
  const task = networkTask(mobilenetv2({ n_classes: 4, width_multiplier: 0.25, activation: 'relu6' }));
  const image = { channels: 3, height: 32, width: 32 };
  good = await exportTask(engine, task, { image, classes: ['a', 'b', 'c', 'd'] });
});
afterAll(() => engine.close());

type Change = (graph: OnnxGraph) => Partial<OnnxGraph>;

const nodes =
  (change: (nodes: OnnxNode[]) => readonly OnnxNode[]): Change =>
  (graph) => ({ nodes: change([...graph.nodes]) });
/** Changes the first node of a type that `where` holds for. */
const node = (
  opType: string,
  change: (node: OnnxNode) => Partial<OnnxNode>,
  where: (node: OnnxNode) => boolean = () => true,
): Change =>
  nodes((all) => {
    const at = all.findIndex((one) => one.opType === opType && where(one));
    return all.with(at, { ...all[at], ...change(all[at]) });
  });
const attribute = (
  opType: string,
  name: string,
  value: OnnxAttribute | undefined,
  where?: (node: OnnxNode) => boolean,
) =>
  node(
    opType,
    ({ attributes: { [name]: _, ...rest } }) => ({ attributes: value ? { ...rest, [name]: value } : rest }),
    where,
  );
const tensor =
  (change: (tensor: OnnxTensor) => OnnxTensor, where: (tensor: OnnxTensor) => boolean): Change =>
  ({ initializers }) => {
    const at = initializers.findIndex(where);
    return { initializers: initializers.with(at, change(initializers[at])) };
  };
const value =
  (list: 'inputs' | 'outputs' | 'values', change: (value: OnnxValue) => OnnxValue): Change =>
  (graph) => ({ [list]: graph[list].with(0, change(graph[list][0])) });

const ints = (values: number[]): OnnxAttribute => ({ type: 'ints', value: values });
const isKernel = ({ dims }: OnnxTensor) => dims.length === 4 && dims[2] === 3;
const floats = (bytes: Uint8Array, change: (values: Float32Array) => void): Uint8Array => {
  const values = new Float32Array(bytes.slice().buffer);
  change(values);
  return new Uint8Array(values.buffer);
};
const strided = ({ attributes: { strides } }: OnnxNode) => strides.type === 'ints' && strides.value[0] === 2;
const grouped = ({ attributes: { group } }: OnnxNode) => group.type === 'int' && group.value > 1;

/** What the linter must see without running anything, and a word of what it says. */
const seen: [name: string, change: Change, says: RegExp][] = [
  ['a node renamed to nothing', node('Conv', () => ({ name: '' })), /a node has no name/],
  ['two nodes of one name', nodes((all) => all.with(1, { ...all[1], name: all[0].name })), /node .* is there twice/],
  ['a value computed twice', nodes((all) => [...all, { ...all[3], name: 'again' }]), /value .* is there twice/],
  ['a name that is no identifier', value('inputs', (v) => ({ ...v, name: 'the image' })), /no identifier/],
  ['nodes out of order', nodes((all) => [all[1], all[0], ...all.slice(2)]), /nothing before it computes/],
  ['an input that nobody computes', node('Add', ({ inputs }) => ({ inputs: [inputs[0], 'nobody'] })), /nobody/],
  [
    'a node whose result is not read',
    nodes((all) => [...all, { ...all[1], name: 'x', outputs: ['x'] }]),
    /read by nobody/,
  ],
  ['a tensor that is not read', tensor((t) => ({ ...t, name: 'lost' }), isKernel), /lost is read by nobody/],
  ['a node that is missing', nodes((all) => all.toSpliced(4, 1)), /nothing before it computes/],
  ['an unknown operator', node('Conv', () => ({ opType: 'Convolution' })), /no operator that is known/],
  ['a foreign domain', node('Conv', () => ({ domain: 'com.example' })), /its domain is com.example/],
  ['a missing input', node('Gemm', ({ inputs }) => ({ inputs: inputs.slice(0, 1) })), /has 1 inputs/],
  ['an input too many', node('Add', ({ inputs }) => ({ inputs: [...inputs, inputs[0]] })), /has 3 inputs/],
  [
    'a required attribute that is missing',
    attribute('ReduceMean', 'keepdims', { type: 'float', value: 0 }),
    /needed int/,
  ],
  ['an attribute of another opset', attribute('ReduceMean', 'axes', ints([2, 3])), /no attribute axes in opset 18/],
  ['limits of Clip as attributes', attribute('Clip', 'min', { type: 'float', value: 0 }), /no attribute min/],
  ['a kernel_shape that is not the weight’s', attribute('Conv', 'kernel_shape', ints([5, 5])), /kernel_shape/],
  ['pads of one axis only', attribute('Conv', 'pads', ints([1, 1])), /pads has 2 numbers/],
  ['a negative stride', attribute('Conv', 'strides', ints([-1, 1])), /strides is/],
  ['a stride that is missing', attribute('Conv', 'strides', undefined, strided), /is declared as/],
  ['another number of groups', attribute('Conv', 'group', { type: 'int', value: 1 }, grouped), /input channels/],
  ['a transposed weight', attribute('Gemm', 'transB', undefined), /inner size/],
  [
    'a shape that does not fit',
    tensor((t) => ({ ...t, dims: [t.dims[1], t.dims[0], 3, 3] }), isKernel),
    /channels|declared/,
  ],
  [
    'a bias of the wrong length',
    tensor(
      (t) => ({ ...t, dims: [t.dims[0] / 2], bytes: t.bytes.slice(t.bytes.length / 2) }),
      ({ dims }) => dims.length === 1 && dims[0] > 4,
    ),
    /the bias/,
  ],
  [
    'a weight of half precision',
    tensor((t) => ({ ...t, type: 'float16', bytes: t.bytes.slice(t.bytes.length / 2) }), isKernel),
    /mixes|holds/,
  ],
  [
    'not a number',
    tensor(
      (t) => ({
        ...t,
        bytes: floats(t.bytes, (v) => {
          v[3] = Number.NaN;
        }),
      }),
      isKernel,
    ),
    /holds NaN at 3/,
  ],
  [
    'an infinite weight',
    tensor(
      (t) => ({
        ...t,
        bytes: floats(t.bytes, (v) => {
          v[0] = Number.POSITIVE_INFINITY;
        }),
      }),
      isKernel,
    ),
    /holds Infinity/,
  ],
  ['a wrong shape of the output', value('outputs', (v) => ({ ...v, dims: ['N', 5] })), /output logits is declared/],
  ['a batch of another name', value('outputs', (v) => ({ ...v, dims: ['M', 4] })), /output logits is declared/],
  ['an output of another type', value('outputs', (v) => ({ ...v, type: 'double' })), /declared as double/],
  [
    'an output that nobody computes',
    value('outputs', (v) => ({ ...v, name: 'answer' })),
    /answer is computed by nobody/,
  ],
  [
    'a wrong shape on the way',
    value('values', (v) => ({ ...v, dims: ['N', 1, 1, 1] })),
    /is declared as \[N, 1, 1, 1\]/,
  ],
  ['an image of four channels', value('inputs', (v) => ({ ...v, dims: ['N', 4, 32, 32] })), /input channels/],
  ['an image without a type', value('inputs', ({ name }) => ({ name })), /no type or shape/],
  ['a graph without a name', () => ({ name: '' }), /no name/],
];

const header: [name: string, change: Partial<OnnxModel>, says: RegExp][] = [
  ['a version of the future', { irVersion: 99 }, /IR version 99/],
  ['no operator set', { opsets: new Map() }, /no version/],
  ['an ancient operator set', { opsets: new Map([['', 7]]) }, /opset 7/],
  [
    'too few classes',
    {
      metadata: new Map([
        ['classes', '["a"]'],
        ['preprocessing', '{}'],
      ]),
    },
    /1 classes for 4/,
  ],
  [
    'pixels of one channel',
    { metadata: new Map([['preprocessing', '{"scale":[1],"embedded":false}']]) },
    /preprocessing.scale/,
  ],
  ['no preprocessing', { metadata: new Map() }, /preprocessing is missing/],
];

/** What is legal and wrong: only running the file shows it. */
const run: [name: string, change: Change][] = [
  [
    'pads on the other side',
    attribute(
      'Conv',
      'pads',
      ints([2, 2, 0, 0]),
      ({ attributes: { pads } }) => pads.type === 'ints' && pads.value[0] === 1,
    ),
  ],
  [
    'a limit of Clip that is 5',
    tensor(
      (t) => ({
        ...t,
        bytes: floats(t.bytes, (v) => {
          v[0] = 0.5;
        }),
      }),
      ({ name }) => name === 'six',
    ),
  ],
  [
    'a channel of a kernel that is turned',
    tensor(
      (t) => ({
        ...t,
        bytes: floats(t.bytes, (v) => {
          v.subarray(0, 9).reverse();
        }),
      }),
      isKernel,
    ),
  ],
  [
    'a bias that is 0',
    tensor(
      (t) => ({ ...t, bytes: new Uint8Array(t.bytes.length) }),
      ({ name }) => name.endsWith('fc_bias'),
    ),
  ],
  [
    'two weights that changed places',
    ({ initializers }) => {
      const same = initializers.filter(({ dims }, i) =>
        initializers.some((other, j) => j !== i && dims.length === 4 && other.dims.join() === dims.join()),
      );
      const [a, b] = [same[0], same.find((other) => other !== same[0] && other.dims.join() === same[0].dims.join())!];
      return {
        initializers: initializers.map((t) =>
          t === a ? { ...t, bytes: b.bytes } : t === b ? { ...t, bytes: a.bytes } : t,
        ),
      };
    },
  ],
  ['a skip that skips the wrong way', node('Add', ({ inputs }) => ({ inputs: [inputs[1], inputs[1]] }))],
  [
    'a missing activation',
    (graph) => {
      const at = graph.nodes.findIndex(({ opType }) => opType === 'Clip' || opType === 'Relu');
      const {
        inputs: [from],
        outputs: [to],
      } = graph.nodes[at];
      const rest = graph.nodes
        .toSpliced(at, 1)
        .map((n) => ({ ...n, inputs: n.inputs.map((name) => (name === to ? from : name)) }));
      return { nodes: rest, values: graph.values.filter(({ name }) => name !== to) };
    },
  ],
];

test('the file is good before anything is changed', async () => {
  expect(lintOnnx(good.file)).toEqual([]);
  expect(await verifyOnnx(engine, good)).toMatchObject({ passed: true });
});

describe('the linter sees', () => {
  test.each(seen)('%s', (_, change, says) => {
    const { model } = good.file;
    const file = fileOf({ ...model, graph: { ...model.graph, ...change(model.graph) } });
    expect(lintOnnx(file).join('\n')).toMatch(says);
  });

  test.each(header)('%s', (_, change, says) => {
    expect(lintOnnx(fileOf({ ...good.file.model, ...change })).join('\n')).toMatch(says);
  });
});

describe('running the file shows', () => {
  test.each(run)('%s', async (_, change) => {
    const { model } = good.file;
    const file = fileOf({ ...model, graph: { ...model.graph, ...change(model.graph) } });
    const report = await verifyOnnx(engine, { model: good.model, file });
    expect(report.passed).toBe(false);
    expect(report.reason).toMatch(/the first value that differs is \w+ \(\w+ of [\w.]+\)/);
  });

  test('which value differs first', async () => {
    const { model } = good.file;
    const [at, broken] = [...model.graph.initializers.entries()].filter(
      ([, t]) => t.name.includes('layer_4') && isKernel(t),
    )[0];
    const bytes = floats(broken.bytes, (v) => {
      v[0] += 1;
    });
    const initializers = model.graph.initializers.with(at, { ...broken, bytes });
    const file = fileOf({ ...model, graph: { ...model.graph, initializers } });
    const { reason } = await verifyOnnx(engine, { model: good.model, file });
    expect(reason).toContain(`the first value that differs is ${broken.name.replace(/_conv_weight$/, '_conv')}`);
  });
});

test('a network whose results are the same for every image cannot be verified', async () => {
  const model = mobilenetv2({ n_classes: 4, width_multiplier: 0.25, activation: 'relu6' });
  const task = networkTask(model);
  const zero = await exportTask(engine, { logits: (x, context) => mulZero(task.logits(x, context)) });
  const report = await verifyOnnx(engine, zero);
  expect(report).toMatchObject({ passed: false, batches: [] });
  expect(report.reason).toMatch(/same for every image/);
});

test('encoding is the same every time', async () => {
  const task = networkTask(mobilenetv2({ n_classes: 4, width_multiplier: 0.25, activation: 'relu6' }));
  const image = { channels: 3, height: 32, width: 32 };
  const again = await exportTask(engine, task, { image, classes: ['a', 'b', 'c', 'd'] });
  expect(Buffer.from(again.file.bytes).equals(Buffer.from(good.file.bytes))).toBe(true);
  expect(Buffer.concat(encodeModel(good.file.model)).equals(Buffer.from(good.file.bytes))).toBe(true);
});

const mulZero = (x: Tensor): Tensor => mul(x, 0);
