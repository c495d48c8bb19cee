import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ops from '../../src/ops/index.js';
import { BATCH } from '../../src/tensor/shape.js';
import { input, scalar, type Tensor, withScope } from '../../src/tensor/tensor.js';

const f32 = (...shape: number[]): Tensor => input('x', shape);
const i32 = (...shape: number[]): Tensor => input('x', shape, 'i32');
const u8 = (...shape: number[]): Tensor => input('x', shape, 'u8');
const channels = (c: number, n: number): Tensor[] => Array.from({ length: n }, () => f32(c));

function batchNormOf(x: Tensor, c: number): ops.BatchNormResult {
  const [gamma, beta, mean, variance] = channels(c, 4);
  return ops.batchNorm(x, gamma, beta, mean, variance);
}

test('every operator is listed under its own name', () => {
  for (const [key, op] of Object.entries(ops.ops)) expect(op.name).toBe(key);
});

describe('results', () => {
  const x = f32(2, 3, 9, 7);
  const cases: [string, Tensor, number[]][] = [
    ['conv2d', ops.conv2d(x, f32(8, 3, 3, 3)), [2, 8, 7, 5]],
    ['conv2d strided', ops.conv2d(x, f32(8, 3, 3, 3), { stride: 2, padding: 1 }), [2, 8, 5, 4]],
    ['conv2d padded on two sides', ops.conv2d(x, f32(8, 3, 2, 2), { padding: [0, 1, 0, 1] }), [2, 8, 9, 7]],
    ['conv2d pair of paddings', ops.conv2d(x, f32(8, 3, 3, 3), { padding: [1, 0] }), [2, 8, 9, 5]],
    ['conv2d dilated', ops.conv2d(x, f32(8, 3, 3, 3), { dilation: [2, 3] }), [2, 8, 5, 1]],
    ['conv2d depthwise', ops.conv2d(x, f32(6, 1, 3, 3), { groups: 3, bias: f32(6) }), [2, 6, 7, 5]],
    ['matmul', ops.matmul(f32(4, 2, 3), f32(4, 3, 5)), [4, 2, 5]],
    ['matmul shared', ops.matmul(f32(4, 7, 2, 3), f32(3, 5)), [4, 7, 2, 5]],
    ['matmul transposed', ops.matmul(f32(3, 2), f32(5, 3), { transposeA: true, transposeB: true }), [2, 5]],
    ['linear', ops.linear(f32(4, 3), f32(5, 3), f32(5)), [4, 5]],
    ['maxPool2d', ops.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }), [2, 3, 5, 4]],
    ['avgPool2d', ops.avgPool2d(x, { kernel: 2 }), [2, 3, 4, 3]],
    ['mean', ops.mean(x, { axes: [2, 3] }), [2, 3]],
    ['mean kept', ops.mean(x, { axes: [-2, -1], keepDims: true }), [2, 3, 1, 1]],
    ['sum of all', ops.sum(x), []],
    ['add broadcast', ops.add(f32(2, 1, 4), f32(3, 1)), [2, 3, 4]],
    ['add number', ops.add(x, 1), [2, 3, 9, 7]],
    ['sub from number', ops.sub(1, x), [2, 3, 9, 7]],
    ['flatten', ops.flatten(x), [2, 189]],
    ['reshape', ops.reshape(x, [6, -1]), [6, 63]],
    ['transpose', ops.transpose(x, [0, 2, 3, 1]), [2, 9, 7, 3]],
    ['concat', ops.concat([f32(2, 3), f32(2, 5)], -1), [2, 8]],
    ['slice', ops.slice(x, [0, 1, 0, 0], [2, 2, 5, 7], [1, 1, 2, 1]), [2, 2, 5, 7]],
    ['pad', ops.pad(f32(2, 3), [0, 1], [2, 0]), [4, 4]],
    ['resize2d', ops.resize2d(x, { size: [4, 20] }), [2, 3, 4, 20]],
    ['expand', ops.expand(f32(3, 1), [2, 3, 4]), [2, 3, 4]],
    ['toFloat', ops.toFloat(u8(2, 3, 4, 4), { scale: [1, 2, 3] }), [2, 3, 4, 4]],
    ['crossEntropy', ops.crossEntropy(f32(4, 10), i32(4)), []],
    ['crossEntropy of maps', ops.crossEntropy(f32(4, 10, 2, 2), i32(4, 2, 2), { weight: f32(10) }), []],
    ['crossEntropy of probabilities', ops.crossEntropy(f32(4, 10), f32(4, 10)), []],
    ['topKCorrect', ops.topKCorrect(f32(4, 10), i32(4)), [2]],
    ['prelu', ops.prelu(x, f32(3)), [2, 3, 9, 7]],
  ];
  test.each(cases)('%s', (_, result, shape) => {
    expect(result.shape).toEqual(shape);
  });

  test('batchNorm gives y, the statistics of the batch and the running ones', () => {
    const result = batchNormOf(x, 3);
    expect(Object.values(result).map(({ shape }) => shape)).toEqual([x.shape, [3], [3], [3], [3]]);
  });

  test('pooling gives the winners as integers', () => {
    const [, index] = ops.maxPool2d(x, { kernel: 2 }).node.outputs;
    expect(`${index.dtype}[${index.shape}]`).toBe('i32[2,3,4,3]');
  });

  test('multi-tensor updates name their lists', () => {
    const list = (): Tensor[] => [f32(3, 2), f32(5)];
    const attrs = { momentum: 0.9, nesterov: false, weightDecay: [0, 0], lrMultiplier: [1, 1] };
    const operands = { parameters: list(), gradients: list(), momenta: list(), lr: scalar('lr') };
    const { parameters, momenta } = ops.sgd(operands, attrs);
    expect([...parameters, ...momenta].map(({ shape }) => shape)).toEqual([[3, 2], [5], [3, 2], [5]]);
    const { node } = parameters[0];
    const full = node.attrs as Parameters<typeof ops.ops.sgd.inPlace>[1];
    expect(ops.ops.sgd.inPlace(node.inputs, full)).toEqual([
      [0, 0],
      [1, 1],
      [2, 4],
      [3, 5],
    ]);
    expect(ops.ops.sgd.groups(node.inputs, full)).toEqual([
      [0, 2],
      [2, 4],
      [4, 6],
    ]);
  });
});

describe('a symbolic batch passes through', () => {
  const image = f32(BATCH, 3, 8, 8);
  const rows = f32(BATCH, 6);
  const cases: [string, Tensor, number[]][] = [
    ['conv2d', ops.conv2d(image, f32(4, 3, 3, 3)), [BATCH, 4, 6, 6]],
    ['maxPool2d', ops.maxPool2d(image, { kernel: 2 }), [BATCH, 3, 4, 4]],
    ['avgPool2d', ops.avgPool2d(image, { kernel: 2 }), [BATCH, 3, 4, 4]],
    ['batchNorm', batchNormOf(image, 3).y, [BATCH, 3, 8, 8]],
    ['mean', ops.mean(image, { axes: [2, 3] }), [BATCH, 3]],
    ['linear', ops.linear(rows, f32(5, 6)), [BATCH, 5]],
    ['add', ops.add(rows, f32(6)), [BATCH, 6]],
    ['relu', ops.relu(image), [BATCH, 3, 8, 8]],
    ['softmax', ops.softmax(rows), [BATCH, 6]],
    ['flatten', ops.flatten(image), [BATCH, 192]],
    ['reshape to a batch of patches', ops.reshape(image, [-1, 3]), [BATCH, 3]],
    ['concat of channels', ops.concat([image, image], 1), [BATCH, 6, 8, 8]],
    ['slice of channels', ops.slice(image, [0, 1, 0, 0], [BATCH, 2, 8, 8]), [BATCH, 2, 8, 8]],
    ['resize2d', ops.resize2d(image, { size: 4 }), [BATCH, 3, 4, 4]],
    ['crossEntropy', ops.crossEntropy(rows, i32(BATCH)), []],
  ];
  test.each(cases)('%s', (_, result, shape) => {
    expect(result.shape).toEqual(shape);
  });
});

describe('messages', () => {
  const x = f32(2, 3, 8, 8);
  const cases: [string, () => unknown, string][] = [
    [
      'channels',
      () => ops.conv2d(x, f32(8, 4, 3, 3)),
      'conv2d got 3 input channels, but weight [8,4,3,3] with groups=1 needs 4',
    ],
    ['output channels', () => ops.conv2d(x, f32(8, 1, 3, 3), { groups: 3 }), 'needs a multiple of 3'],
    ['bias', () => ops.conv2d(x, f32(8, 3, 3, 3), { bias: f32(3) }), 'conv2d got bias [3], but needs [8]'],
    ['rank', () => ops.conv2d(f32(3, 8), f32(8, 3, 3, 3)), 'conv2d got x [3,8] of rank 2, but needs rank 4'],
    ['kernel', () => ops.conv2d(x, f32(8, 3, 9, 9)), 'a 9x9 kernel with dilation 1x1 does not fit in 8x8'],
    ['stride', () => ops.conv2d(x, f32(8, 3, 3, 3), { stride: 0 }), 'stride=0, but needs an integer of at least 1'],
    ['dtype', () => ops.relu(i32(3)), 'activation got x i32[3], but needs f32'],
    ['columns', () => ops.linear(f32(2, 3), f32(5, 4)), 'matmul got a [2,3] with 3 columns, but b [5,4] has 4 rows'],
    ['matrix batch', () => ops.matmul(f32(2, 1, 3), f32(4, 3, 5)), 'their batch dimensions differ'],
    ['broadcast', () => ops.add(f32(2, 3), f32(2)), 'add: shapes [2,3] and [2] do not broadcast'],
    ['pool of padding', () => ops.maxPool2d(x, { kernel: 2, padding: 2 }), 'a 2x2 window lies outside 8x8'],
    ['one value', () => batchNormOf(f32(1, 3), 3), 'batchNorm got 1 value per channel in [1,3]'],
    ['gamma', () => batchNormOf(x, 4), 'batchNorm got gamma [4], but needs [3]'],
    ['reshape', () => ops.reshape(x, [5, -1]), 'reshape got [2,3,8,8], which does not fit [5,-1]'],
    ['reshape twice free', () => ops.reshape(x, [-1, -1]), 'at most one dimension may be -1'],
    ['reshape of a batch', () => ops.reshape(f32(BATCH, 6), [3, -1]), 'a symbolic batch needs -1 as dimension 0'],
    ['order', () => ops.transpose(x, [0, 1, 1, 2]), 'needs a permutation of its 4 axes'],
    ['axis', () => ops.sum(x, { axes: 4 }), 'reduce: axis 4 is outside a tensor of rank 4'],
    ['concat', () => ops.concat([f32(2, 3), f32(3, 3)], 1), 'but along axis 1 the rest must be equal'],
    ['slice', () => ops.slice(f32(5), [3], [3]), 'slice reads element 5 of axis 0, but [5] has 5 there'],
    ['expand', () => ops.expand(f32(2), [3]), 'expand got [2], which does not broadcast to [3]'],
    ['target', () => ops.crossEntropy(f32(4, 10), i32(5)), 'need i32[4] or f32[4,10]'],
    ['smoothing', () => ops.crossEntropy(f32(4, 10), i32(4), { labelSmoothing: 2 }), 'labelSmoothing=2'],
    ['scale', () => ops.toFloat(u8(1, 3, 2, 2), { scale: [1, 2] }), 'needs 1 or 3'],
    ['slope', () => ops.prelu(x, f32(2)), 'needs [3] or [1]'],
    ['probability', () => ops.dropout(x, scalar('c', 'u32'), { p: 1, seed: 0, stream: 0 }), 'needs 0 <= p < 1'],
    ['lists', () => ops.ema([f32(2)], [f32(3)], 0.1), 'ema got average 0 [3], but needs [2]'],
  ];
  test.each(cases)('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });

  test('carry the layer path', () => {
    const build = () => withScope('layer_1', () => withScope('conv', () => ops.conv2d(x, f32(8, 4, 3, 3))));
    expect(build).toThrow('layer_1.conv: conv2d got 3 input channels');
  });
});

test('conv2d counts one multiply-add a tap', () => {
  const { node, shape } = ops.conv2d(f32(2, 8, 6, 6), f32(16, 2, 3, 3), { groups: 4, padding: 1 });
  const outputs = shape.reduce((a, b) => a * b);
  expect(ops.ops.conv2d.cost(node.inputs, node.outputs)).toEqual({
    macs: outputs * 2 * 9,
    flops: outputs * 2 * 9 * 2,
  });
});

test('broadcasting is commutative and its gradient has the operand shape', () => {
  const dims = fc.array(fc.constantFrom(1, 3), { minLength: 0, maxLength: 4 });
  fc.assert(
    fc.property(dims, dims, (a, b) => {
      expect(ops.mul(f32(...a), f32(...b)).shape).toEqual(ops.mul(f32(...b), f32(...a)).shape);
    }),
  );
});
