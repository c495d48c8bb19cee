import * as ops from '../../src/ops/index.js';
import { readState, State } from '../../src/tensor/state.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { MersenneTwister } from '../../src/utils/mersenne-twister.js';

let states = 0;
/** A parameter with random values around `centre`. */
export function weight(shape: number[], centre = 0): Tensor {
  const random = new MersenneTwister(states);
  const count = shape.reduce((n, d) => n * d, 1);
  return readState(
    new State(`w${states++}`, shape, 'parameter', () =>
      Float32Array.from({ length: count }, () => centre + random.uniform(-0.5, 0.5)),
    ),
  );
}

const tokens = (x: Tensor) => ops.transpose(ops.reshape(x, [x.shape[0], 3, 64]), [0, 2, 1]); // [N,64,3]
const vector = (x: Tensor) => ops.reshape(x, [x.shape[0], 192]);
const positive = (x: Tensor) => ops.add(ops.abs(x), 0.5);

/** What an export must know: each is a network of its own; its image is [N,3,8,8] in about ±2. */
export const operatorNetworks: Record<string, (x: Tensor) => Tensor> = {
  'conv, padded on one side, strided': (x) =>
    ops.conv2d(x, weight([5, 3, 3, 2]), { bias: weight([5]), stride: [2, 1], padding: [1, 0, 2, 0] }),
  'conv, grouped and dilated': (x) => ops.conv2d(x, weight([6, 1, 3, 3]), { groups: 3, dilation: 2, padding: 2 }),
  'linear layer': (x) => ops.linear(vector(x), weight([7, 192]), weight([7])),
  'linear layer of tokens': (x) => ops.linear(tokens(x), weight([5, 3]), weight([5])),
  'matrix times matrix': (x) => ops.matmul(tokens(x), tokens(x), { transposeB: true }),
  'turned matrices': (x) => ops.matmul(tokens(x), tokens(x), { transposeA: true }),
  'batch norm after a pool': (x) =>
    ops.batchNormInference(ops.maxPool2d(x, { kernel: 2 }), weight([3], 1), weight([3]), weight([3]), weight([3], 1), {
      activation: 'relu6',
    }),
  'layer norm of tokens': (x) => ops.layerNorm(tokens(x), weight([3], 1), weight([3])),
  'layer norm of channels': (x) => ops.layerNorm(x, weight([3], 1), weight([3])),
  'layer norm by deviation': (x) =>
    ops.layerNorm(x, weight([3], 1), weight([3]), { epsilonOf: 'deviation', eps: 1e-3 }),
  'group norm': (x) => ops.groupNorm(x, weight([3], 1), weight([3]), { groups: 3 }),
  'group norm of one group': (x) => ops.groupNorm(x, weight([3], 1), weight([3]), { groups: 1 }),
  ...Object.fromEntries(
    (['relu', 'relu6', 'leakyRelu', 'sigmoid', 'silu', 'hardSwish', 'hardSigmoid', 'gelu', 'tanh'] as const).map(
      (kind) => [kind, (x: Tensor) => ops.activation(x, kind, 0.1)],
    ),
  ),
  'prelu of channels': (x) => ops.prelu(x, weight([3])),
  'prelu with one slope': (x) => ops.prelu(vector(x), weight([1])),
  neg: (x) => ops.neg(x),
  'exp and log': (x) => ops.log(ops.add(ops.exp(x), 1)),
  'sqrt and square': (x) => ops.sqrt(ops.add(ops.square(x), 0.1)),
  'reciprocal and abs': (x) => ops.reciprocal(positive(x)),
  sign: (x) => ops.add(ops.sign(ops.sub(x, 0.01)), x),
  'add, sub, mul, div': (x) => ops.div(ops.sub(ops.mul(x, weight([3, 1, 1])), weight([8])), positive(x)),
  'minimum and maximum': (x) => ops.maximum(ops.minimum(x, 0.7), ops.mul(x, 0.5)),
  'max-pool, padded and dilated': (x) =>
    ops.maxPool2d(x, { kernel: [3, 2], stride: 2, padding: [1, 1, 1, 0], dilation: [1, 2] }),
  'mean pool that counts its padding': (x) => ops.avgPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
  'mean pool that does not': (x) => ops.avgPool2d(x, { kernel: 3, stride: 2, padding: 1, countIncludePad: false }),
  'global mean': (x) => ops.mean(x, { axes: [2, 3] }),
  'global mean that keeps its axes': (x) => ops.mul(x, ops.sigmoid(ops.mean(x, { axes: [2, 3], keepDims: true }))),
  'mean and sum of other axes': (x) => ops.add(ops.mean(x, { axes: 3 }), ops.sum(x, { axes: 2 })),
  expand: (x) => ops.add(ops.expand(ops.mean(x, { axes: [3], keepDims: true }), x.shape), x),
  softmax: (x) => ops.softmax(x, 1),
  'log-softmax': (x) => ops.logSoftmax(vector(x)),
  'heads of attention': (x) => {
    const heads = ops.reshape(ops.transpose(ops.reshape(tokens(x), [x.shape[0], 64, 3, 1]), [0, 2, 1, 3]), [-1, 64, 1]);
    const scores = ops.softmax(ops.matmul(heads, heads, { transposeB: true }));
    const mixed = ops.reshape(ops.matmul(scores, heads), [-1, 3, 64, 1]);
    return ops.reshape(ops.transpose(mixed, [0, 2, 1, 3]), [-1, 64, 3]);
  },
  'class token': (x) =>
    ops.add(ops.concat([ops.expand(weight([1, 1, 3]), [x.shape[0], 1, 3]), tokens(x)], 1), weight([1, 65, 3])),
  concat: (x) => ops.concat([x, ops.relu(x), weightLike(x)], 1),
  slice: (x) => ops.slice(x, [0, 1, 1, 0], [x.shape[0], 2, 3, 8], [1, 1, 2, 1]),
  split: (x) => {
    const [a, b] = ops.split(x, [1, 2], 1);
    return ops.add(ops.mul(b, 2), a);
  },
  pad: (x) => ops.pad(x, [0, 0, 1, 2], [0, 1, 0, 3], 0.5),
  nearest: (x) => ops.resize2d(x, { size: [16, 24], mode: 'nearest' }),
  bilinear: (x) => ops.resize2d(x, { size: [16, 16] }),
  'bilinear with corners': (x) => ops.resize2d(x, { size: [24, 16], alignCorners: true }),
};

const weightLike = (x: Tensor) => ops.mul(x, weight([3, 8, 8]));

/** Sizes that are no multiple of the input's. */
export const unevenResizes: Record<string, (x: Tensor) => Tensor> = {
  'nearest, smaller': (x) => ops.resize2d(x, { size: [4, 2], mode: 'nearest' }),
  'bilinear, 8 to 11 by 5': (x) => ops.resize2d(x, { size: [11, 5] }),
  'nearest, 8 to 11 by 5': (x) => ops.resize2d(x, { size: [11, 5], mode: 'nearest' }),
  'bilinear with corners, 8 to 11 by 5': (x) => ops.resize2d(x, { size: [11, 5], alignCorners: true }),
  'bilinear to one pixel': (x) => ops.add(ops.resize2d(x, { size: 1 }), ops.mean(x, { axes: [2, 3], keepDims: true })),
};
