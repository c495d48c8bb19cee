import { expect, test } from 'vitest';
import { ConvLayer, defaultSettings } from '../../src/nn/conv-layer.js';
import { initialize } from '../../src/nn/initialize.js';
import { samePadding } from '../../src/nn/same-padding.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, scalar } from '../../src/tensor/tensor.js';

// What tf.nn.conv2d's SAME gives, by its documentation.
test.each([
  [224, 3, 2, 1, [0, 1]],
  [225, 3, 2, 1, [1, 1]],
  [224, 5, 2, 1, [1, 2]],
  [7, 7, 2, 1, [3, 3]],
  [10, 3, 1, 1, [1, 1]],
  [10, 3, 1, 2, [2, 2]],
  [10, 2, 1, 1, [0, 1]],
  [10, 1, 2, 1, [0, 0]],
])('%i pixels, kernel %i, stride %i, dilation %i', (size, kernel, stride, dilation, [before, after]) => {
  const window = { kernel, stride, dilation };
  expect(samePadding([1, 3, size, size], window)).toEqual([before, after, before, after]);
  expect(samePadding([1, 3, 11, size], window).slice(2)).toEqual([before, after]);
});

test('a layer has one output a stride, whatever the size', () => {
  for (const size of [31, 32, 33]) {
    const layer = new ConvLayer(3, 4, { settings: defaultSettings, kernel: 3, stride: 2, padding: 'same' });
    initialize(layer);
    const context = { training: false, dropoutCounter: scalar('counter', 'u32'), seed: 0 };
    const { result } = traceStates(() => layer.call(input('x', [1, 3, size, size]), context));
    expect(result.shape.slice(2)).toEqual([Math.ceil(size / 2), Math.ceil(size / 2)]);
    const conv = reachableNodes([result]).find(({ op }) => op === 'conv2d')!;
    expect((conv.attrs as { padding: number[] }).padding).toEqual(size % 2 ? [1, 1, 1, 1] : [0, 1, 0, 1]);
  }
});
