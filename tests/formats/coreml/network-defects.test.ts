import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LayerFields, ModelDescription, NeuralLayer, NeuralModel } from '../../../src/formats/coreml/model.js';
import { decodeNeuralModel } from '../../../src/formats/coreml/read/neural/decode.js';
import { lintNeural } from '../../../src/formats/coreml/read/neural/lint.js';
import * as ops from '../../../src/ops/index.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import { type ExportedNetwork, exportNetwork, verifyNetwork, writeNetwork } from '../../support/coreml.js';
import { bodyTask, openEngine } from '../../support/onnx.js';
import { weight } from '../../support/operator-networks.js';

const task = bodyTask((x) => {
  const kernel = weight([6, 3, 3, 3]);
  const first = ops.relu6(ops.conv2d(x, kernel, { bias: weight([6]), stride: 2, padding: [1, 1, 0, 1] }));
  const second = ops.conv2d(first, weight([6, 1, 3, 3]), { groups: 6, padding: 1 });
  const pooled = ops.avgPool2d(ops.activation(second, 'hardSwish', 0), { kernel: 3, stride: 2, padding: 1 });
  return ops.linear(ops.mean(pooled, { axes: [2, 3] }), weight([4, 6]), weight([4]));
});

let engine: Engine;
let good: ExportedNetwork;
beforeAll(async () => {
  engine = await openEngine();
  good = await exportNetwork(engine, task, { classes: ['a', 'b', 'c', 'd'] });
});
afterAll(() => engine.close());

type Defect = (network: NeuralModel) => Partial<NeuralModel>;

const layer =
  (kind: string, change: (layer: NeuralLayer) => Partial<NeuralLayer>, last = false): Defect =>
  ({ layers }) => {
    const fits = (one: NeuralLayer) => one.kind === kind;
    const at = last ? layers.findLastIndex(fits) : layers.findIndex(fits);
    return { layers: layers.with(at, { ...layers[at], ...change(layers[at]) }) };
  };
const fields = (kind: string, change: (fields: LayerFields) => LayerFields, last = false): Defect =>
  layer(kind, (one) => ({ fields: { ...one.fields, ...change(one.fields) } }), last);
const without = (kind: string, field: string): Defect =>
  layer(kind, ({ fields: { [field]: _, ...rest } }) => ({ fields: rest }));
const description =
  (change: (description: ModelDescription) => Partial<ModelDescription>): Defect =>
  (network) => ({ description: { ...network.description, ...change(network.description) } });
const edges = (top: number, bottom: number, left: number, right: number): LayerFields => ({
  paddingAmounts: {
    borderAmounts: [
      { startEdgeSize: top, endEdgeSize: bottom },
      { startEdgeSize: left, endEdgeSize: right },
    ],
  },
});
const floats = (of: LayerFields, field: string, change: (values: Float32Array) => Float32Array): LayerFields => ({
  [field]: change((of[field] as Float32Array).slice()),
});

const seen: [name: string, defect: Defect, says: RegExp][] = [
  ['the first specification', () => ({ specification: 1 }), /does not know these layers/],
  ['shapes of five axes', () => ({ exactShapes: false }), /mapped to five axes/],
  [
    'a weight too few',
    fields('convolution', (f) => floats(f, 'weights', (w) => w.slice(1))),
    /weights has 161 numbers/,
  ],
  ['a bias too short', fields('convolution', (f) => floats(f, 'bias', (b) => b.slice(1))), /bias has 5 numbers/],
  ['no weights', without('convolution', 'weights'), /weights has 0 numbers/],
  ['other input channels', fields('convolution', () => ({ kernelChannels: 6 })), /weights has/],
  ['groups that do not fit', fields('convolution', () => ({ nGroups: 2 })), /with 2 groups for 3 channels/],
  ['no padding', without('convolution', 'valid'), /needs the padding/],
  ['an inner product of other inputs', fields('innerProduct', () => ({ inputChannels: 5 })), /weights has/],
  ['an input that dangles', layer('clip', () => ({ inputs: ['nobody'] })), /which nothing before it computes/],
  ['one output twice', layer('clip', ({ inputs: [x] }) => ({ outputs: [x] })), /a second time/],
  ['two layers of one name', layer('clip', () => ({ name: 'conv2d' })), /layer conv2d is there twice/],
  ['a layer without a name', layer('clip', () => ({ name: '' })), /has no name/],
  ['layers out of order', ({ layers }) => ({ layers: [...layers].reverse() }), /nothing before it computes/],
  ['a layer that is not read', layer('clip', ({ outputs: [y] }) => ({ outputs: [`${y}_lost`] })), /is read by nobody/],
  ['no labels', ({ classes }) => ({ classes: { ...classes!, labels: [] } }), /0 classes for/],
  ['a label too few', ({ classes }) => ({ classes: { ...classes!, labels: ['a', 'b', 'c'] } }), /3 classes for/],
  [
    'probabilities that nobody computes',
    ({ classes }) => ({ classes: { ...classes!, probabilities: 'nobody' } }),
    /nobody are computed by nobody/,
  ],
  ['a classifier without labels', () => ({ classes: undefined }), /the network is none|computed by nobody/],
  [
    'other inputs',
    description(({ inputs: [x] }) => ({ inputs: [{ ...x, name: 'picture' }] })),
    /picture is read by nobody/,
  ],
  [
    'an output that nobody computes',
    description(({ outputs }) => ({
      outputs: [...outputs, { name: 'more', description: '', type: { kind: 'array', dtype: 'fp32', shape: [1] } }],
    })),
    /more is computed by nobody/,
  ],
  ['no name for the class', description(() => ({ predictedFeature: undefined })), /no output for the class/],
  [
    'not a number',
    fields('innerProduct', (f) => floats(f, 'weights', (w) => w.fill(Number.NaN, 3, 4))),
    /holds NaN at 3/,
  ],
];

const wrong: [name: string, defect: Defect][] = [
  ['pads in another order', fields('convolution', () => ({ valid: edges(1, 0, 1, 1) }))],
  ['another limit', fields('clip', () => ({ maxVal: 1 }))],
  ['padding that does not count', fields('pooling', () => ({ avgPoolExcludePadding: true }))],
  ['the largest instead of the mean', fields('pooling', () => ({ type: 0 }))],
  ['another alpha', fields('activation', () => ({ sigmoidHard: { alpha: 0.2, beta: 0.5 } }))],
  ['no bias', fields('innerProduct', () => ({ hasBias: false }))],
  ['another axis', fields('softmaxND', () => ({ axis: 0 }))],
  ['weights from back to front', fields('convolution', (f) => floats(f, 'weights', (w) => w.reverse()))],
];

test('the file is good', async () => {
  expect(lintNeural(good.written)).toEqual([]);
  expect(await verifyNetwork(engine, good)).toMatchObject({ passed: true });
});

describe('the linter sees', () => {
  test.each(seen)('%s', (_, defect, says) => {
    const { written } = writeNetwork({ ...good.network, ...defect(good.network) });
    expect(lintNeural(written).join('\n')).toMatch(says);
  });

  test('files that are cut off', () => {
    const { bytes } = good;
    for (let length = 0; length < bytes.length - 60; length += 97) {
      expect(() => lintNeural(decodeNeuralModel(bytes.subarray(0, length), 'net.mlmodel'))).toThrow(
        /holds no neural network|bytes|ends within/,
      );
    }
  });
});

describe('running it shows', () => {
  test.each(wrong)('%s', async (_, defect) => {
    const { written } = writeNetwork({ ...good.network, ...defect(good.network) });
    expect(lintNeural(written)).toEqual([]);
    const report = await verifyNetwork(engine, { model: good.model, written });
    expect(report.passed).toBe(false);
  });

  test('an image of another size', async () => {
    const [image] = good.network.description.inputs;
    const smaller = { ...image, type: { kind: 'image', width: 6, height: 6, colorSpace: 'RGB' } } as const;
    const { written } = writeNetwork({
      ...good.network,
      description: { ...good.network.description, inputs: [smaller] },
    });
    await expect(verifyNetwork(engine, { model: good.model, written })).rejects.toThrow(
      /image is given 192 numbers, \[1,3,6,6\] has 108/,
    );
  });
});
