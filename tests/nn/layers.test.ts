import { describe, expect, test } from 'vitest';
import { ConvLayer, defaultSettings, SeparableConv } from '../../src/nn/conv-layer.js';
import { makeDivisible } from '../../src/nn/divisible.js';
import { initialize } from '../../src/nn/initialize.js';
import { InvertedResidual } from '../../src/nn/inverted-residual.js';
import {
  Activation,
  type ActivationName,
  activationKinds,
  BatchNorm,
  Dropout,
  GlobalPool,
  Linear,
} from '../../src/nn/layers.js';
import { type ForwardContext, Module, namedModules, namedParameters } from '../../src/nn/module.js';
import { Sequential } from '../../src/nn/sequential.js';
import { StochasticDepth } from '../../src/nn/stochastic-depth.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, type Node, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { array, number } from '../reference/array.js';
import { ReferenceSession } from '../reference/evaluate.js';

const counter = scalar('counter', 'u32');
const context = (training = false): ForwardContext => ({ training, dropoutCounter: counter, seed: 5 });
const settings = defaultSettings;

function run(model: Module, x: Tensor, training = false): Node[] {
  initialize(model);
  const { result } = traceStates(() => model.call(x, context(training)));
  return reachableNodes([result]).filter((node) => !node.source);
}

test('channel counts are rounded as in CVNets', () => {
  const rounded = [
    [176, 32],
    [272, 32],
    [149.3, 32],
    [170.6, 32],
    [6, 8],
    [10, 8],
    [12, 8],
    [37, 16],
  ].map(([value, divisor]) => makeDivisible(value, divisor));
  expect(rounded).toEqual([192, 288, 160, 160, 8, 16, 16, 48]);
});

describe('names', () => {
  class Net extends Module {
    readonly stem = new ConvLayer(3, 4, { settings, kernel: 3 });
    readonly stages = [new Linear(2, 2), new Linear(2, 2)];
    readonly heads = { box: new Linear(2, 4), label: new Sequential([new Linear(2, 3)]) };
    readonly options = { kernel: [3, 3] };
    forward(x: Tensor): Tensor {
      return x;
    }
  }

  test('follow fields, positions and keys', () => {
    expect([...namedModules(new Net())].map(([path]) => path)).toEqual([
      '',
      'stem',
      'stem.block',
      'stem.block.conv',
      'stem.block.norm',
      'stem.block.act',
      'stages.0',
      'stages.1',
      'heads.box',
      'heads.label',
      'heads.label.0',
    ]);
    expect([...namedParameters(new Net()).keys()]).toContain('heads.label.0.weight');
  });

  test('are what nodes carry', () => {
    const nodes = run(new ConvLayer(3, 4, { settings, kernel: 3 }), input('x', [1, 3, 8, 8]));
    expect(nodes.map(({ scope, op }) => `${scope}:${op}`)).toEqual([
      'block.conv:conv2d',
      'block.norm:batchNormInference',
      'block.act:activation',
    ]);
  });
});

describe('convolutions', () => {
  test('pad to keep the size, dilation included', () => {
    const shapeOf = (dilation: number, stride = 1): readonly number[] =>
      run(new ConvLayer(3, 4, { settings, kernel: 3, stride, dilation }), input('x', [1, 3, 9, 9])).at(-1)!.outputs[0]
        .shape;
    expect(shapeOf(1)).toEqual([1, 4, 9, 9]);
    expect(shapeOf(2)).toEqual([1, 4, 9, 9]);
    expect(shapeOf(1, 2)).toEqual([1, 4, 5, 5]);
  });

  test('separable: no activation in between', () => {
    const nodes = run(new SeparableConv(4, 6, { settings, kernel: 3 }), input('x', [1, 4, 8, 8]));
    expect(nodes.map(({ op }) => op)).toEqual([
      'conv2d',
      'batchNormInference',
      'conv2d',
      'batchNormInference',
      'activation',
    ]);
  });

  test('inverted residual: adds its input where shapes allow', () => {
    const last = (out: number, stride: number): string =>
      run(new InvertedResidual(8, out, { settings, stride, expand: 6 }), input('x', [1, 8, 8, 8])).at(-1)!.op;
    expect([last(8, 1), last(8, 2), last(16, 1)]).toEqual(['binary', 'batchNormInference', 'batchNormInference']);
  });
});

test('every activation name has an operator', () => {
  for (const name of Object.keys(activationKinds) as Exclude<ActivationName, 'prelu'>[]) {
    const [node] = run(new Activation({ name }), input('x', [2]));
    expect(node.attrs).toEqual({ kind: activationKinds[name], slope: name === 'leaky_relu' ? 0.1 : 0 });
  }
});

test('a batch norm that is called twice in a step moves its statistics twice', () => {
  const norm = new BatchNorm(3);
  const { buffers } = initialize(norm);
  const trace = traceStates(() => norm.call(norm.call(input('x', [4, 3]), context(true)), context(true)));
  const second = trace.writes.get(buffers[0])!.node;
  expect(second.inputs[3].node.op).toBe('batchNorm');
  expect(second.inputs[3].node).not.toBe(second);
});

describe('random layers', () => {
  const x = input('x', [6, 5, 2, 2]);
  const ones = array(x.shape, new Array(120).fill(1));
  const values = (layer: Module, step: number): Float64Array => {
    initialize(layer);
    const trace = traceStates(() => ({ y: layer.call(x, context(true)) }));
    const feeds = new Map([
      [x, ones],
      [counter, number(step)],
    ]);
    return new ReferenceSession().run(trace, feeds).y.data;
  };

  test('dropout keeps the mean and changes from step to step', () => {
    const [a, b] = [values(new Dropout(0.25), 0), values(new Dropout(0.25), 1)];
    expect(new Set(a)).toEqual(new Set([0, 1 / 0.75]));
    expect(a).not.toEqual(b);
    expect(values(new Dropout(0.25), 0)).toEqual(a);
  });

  test('two layers draw different masks', () => {
    const pair = new Sequential([new Dropout(0.5), new Dropout(0.5)]);
    const streams = run(pair, x, true).map(({ attrs }) => (attrs as { stream: number }).stream);
    expect(new Set(streams).size).toBe(2);
  });

  test('stochastic depth drops whole samples', () => {
    const y = values(new StochasticDepth(0.5), 3);
    for (let sample = 0; sample < 6; sample++) {
      expect(new Set(y.subarray(20 * sample, 20 * sample + 20)).size).toBe(1);
    }
    expect(new Set(y)).toEqual(new Set([0, 2]));
  });
});

test('global pools', () => {
  const x = input('x', [1, 1, 2, 2]);
  const pooled = (type: 'mean' | 'rms' | 'abs'): number => {
    const layer = new GlobalPool(type);
    const trace = traceStates(() => ({ y: layer.call(x, context()) }));
    return new ReferenceSession().run(trace, new Map([[x, array(x.shape, [1, -1, 3, -5])]])).y.data[0];
  };
  expect(pooled('mean')).toBe(-0.5);
  expect(pooled('abs')).toBe(2.5);
  expect(pooled('rms')).toBe(3);
});
