import { describe, expect, test } from 'vitest';
import { lenet } from '../../src/models/classification/lenet.js';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { initializer, torchDefault, truncatedNormal, xavierUniform } from '../../src/nn/init.js';
import { type InitializeOptions, initialize } from '../../src/nn/initialize.js';
import type { State } from '../../src/tensor/state.js';
import { PhiloxSequence } from '../../src/utils/random.js';

const shape = [64, 32, 3, 3];
const sample = (init: typeof torchDefault, of = shape): Float32Array => init(of, new PhiloxSequence(3, 5));

function deviation(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
}

describe('standard deviations', () => {
  const [fanIn, fanOut] = [32 * 9, 64 * 9];
  test.each([
    ['PyTorch default', torchDefault, 1 / Math.sqrt(3 * fanIn)],
    ['xavier_uniform', xavierUniform, Math.sqrt(2 / (fanIn + fanOut))],
    ['xavier_normal', initializer('xavier_normal'), Math.sqrt(2 / (fanIn + fanOut))],
    ['kaiming_normal', initializer('kaiming_normal'), Math.sqrt(2 / fanOut)],
    ['kaiming_uniform', initializer('kaiming_uniform'), Math.sqrt(2 / fanOut)],
    ['normal', initializer('normal', 0.01), 0.01],
    ['normal by inputs', initializer('normal'), 1 / Math.sqrt(32)],
    ['trunc_normal', initializer('trunc_normal', 0.02), 0.02],
  ])('%s', (_, init, expected) => {
    expect(Math.abs(deviation(sample(init)) / expected - 1)).toBeLessThan(0.02);
  });

  test('PyTorch default stays within 1 / √fan_in', () => {
    expect(Math.max(...sample(torchDefault).map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(fanIn));
  });

  test('truncated normal stays within 2', () => {
    expect(Math.max(...sample(truncatedNormal(3)).map(Math.abs))).toBeLessThanOrEqual(2);
  });
});

describe('a network', () => {
  const values = (options: InitializeOptions): Map<string, State> => {
    const { parameters, buffers } = initialize(mobilenetv2(), options);
    return new Map([...parameters, ...buffers].map((state) => [state.name, state]));
  };

  test('has the same values for the same seed, whatever its size', () => {
    // As bytes: comparing millions of numbers one by one takes vitest most of a minute.
    const bytes = (state?: State): Buffer => Buffer.from(state!.init().buffer);
    const [a, b] = [values({ seed: 1 }), values({ seed: 1 })];
    for (const [name, state] of a) expect(bytes(b.get(name)).equals(bytes(state)), name).toBe(true);
    const stem = bytes(a.get('conv_1.block.conv.weight'));
    expect(bytes(values({ seed: 2 }).get('conv_1.block.conv.weight')).equals(stem)).toBe(false);
    const small = initialize(mobilenetv2({ n_classes: 10 }), { seed: 1 }).parameters;
    expect(bytes(small.find(({ name }) => name === 'conv_1.block.conv.weight')).equals(stem)).toBe(true);
  });

  test('starts its norms as identities', () => {
    const states = values({});
    expect(states.get('conv_1.block.norm.weight')?.init()[0]).toBe(1);
    expect(states.get('conv_1.block.norm.bias')?.init()[0]).toBe(0);
    expect(states.get('conv_1.block.norm.running_mean')?.init()[0]).toBe(0);
    expect(states.get('conv_1.block.norm.running_var')?.init()[0]).toBe(1);
  });

  test('keeps the defaults of its layers unless a method is named', () => {
    const weight = (options: InitializeOptions): number =>
      deviation(values(options).get('layer_5.mv2_block_1.block.exp_1x1.block.conv.weight')?.init() as Float32Array);
    expect(weight({})).toBeCloseTo(1 / Math.sqrt(3 * 160), 3);
    expect(weight({ conv_init: 'kaiming_normal' })).toBeCloseTo(Math.sqrt(2 / 960), 3);
  });

  test('a named linear_init reaches the classifier', () => {
    const options = { linear_init: 'normal', linear_init_std_dev: 0.01 } as const;
    const weight = values(options).get('classifier.classifier_fc.weight')?.init() as Float32Array;
    expect(deviation(weight)).toBeCloseTo(0.01, 4);
    expect(values(options).get('classifier.classifier_fc.bias')?.init()[0]).toBe(0);
  });

  test('biases of convolutions start like PyTorch, or at 0 with a named method', () => {
    const bias = (options: InitializeOptions): Float32Array => {
      const { parameters } = initialize(lenet(), options);
      return parameters.find(({ name }) => name === 'layer_1.conv.bias')?.init() as Float32Array;
    };
    expect(Math.max(...bias({}).map(Math.abs))).toBeGreaterThan(0);
    expect(Math.max(...bias({}).map(Math.abs))).toBeLessThanOrEqual(1 / 5);
    expect([...bias({ conv_init: 'kaiming_normal' })]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
