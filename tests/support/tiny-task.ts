import type { ImageDataset } from '../../src/data/datasets/dataset.js';
import { Loader } from '../../src/data/loader.js';
import { BatchSampler } from '../../src/data/samplers/batch-sampler.js';
import * as ops from '../../src/ops/index.js';
import { readState, State, type StateRole, writeState } from '../../src/tensor/state.js';
import { scalar, type Tensor, withScope } from '../../src/tensor/tensor.js';
import type { AverageRule, Task, UpdateRule } from '../../src/train/task.js';
import { MersenneTwister } from '../../src/utils/mersenne-twister.js';

/** Gray 8x8 images whose class is the quadrant that is bright. */
export function quadrants(count: number, seed = 1): ImageDataset {
  const random = new MersenneTwister(seed);
  const labels = Int32Array.from({ length: count }, () => random.below(4));
  const images = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const [pixel, label] = [i % 64, labels[Math.floor(i / 64)]];
    const quadrant = (pixel >> 5) * 2 + ((pixel >> 2) & 1);
    return (quadrant === label ? 120 : 40) + random.below(100);
  });
  return {
    name: 'quadrants',
    length: count,
    classes: ['0', '1', '2', '3'],
    channels: 1,
    fixedSize: [8, 8],
    labels,
    write: (index, output) => output.set(images.subarray(64 * index, 64 * index + 64)),
  };
}

export function loaderOf(dataset: ImageDataset, batchSize: number, shuffle: boolean): Loader {
  const [height, width] = dataset.fixedSize!;
  return new Loader(dataset, new BatchSampler({ height, width, count: dataset.length, batchSize, shuffle }));
}

const product = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
const constant = (name: string, shape: number[], value: number, role: StateRole) =>
  new State(name, shape, role, () => new Float32Array(product(shape)).fill(value));

function uniform(name: string, shape: number[], limit: number, seed: number): State {
  return new State(name, shape, 'parameter', () => {
    const random = new MersenneTwister(seed);
    return Float32Array.from({ length: product(shape) }, () => random.uniform(-limit, limit));
  });
}

/** Convolution, batch norm, ReLU, pooling, dropout, linear: every kind of state and randomness in few numbers. */
export function tinyTask({ dropout = 0.2, scale = 1, norm = true } = {}): Task {
  const conv = uniform('conv.weight', [4, 1, 3, 3], 0.5, 1);
  const gamma = constant('norm.weight', [4], 1, 'parameter');
  const beta = constant('norm.bias', [4], 0, 'parameter');
  const mean = constant('norm.running_mean', [4], 0, 'buffer');
  const variance = constant('norm.running_var', [4], 1, 'buffer');
  const weight = uniform('fc.weight', [4, 64], 0.1 * scale, 2);
  const bias = constant('fc.bias', [4], 0, 'parameter');

  return {
    classes: 4,
    parameters: norm ? [conv, gamma, beta, weight, bias] : [conv, weight, bias],
    buffers: norm ? [mean, variance] : [],
    logits(image, { training, counter }) {
      const x = withScope('conv', () => ops.conv2d(ops.toFloat(image), readState(conv), { padding: 1 }));
      const y = norm ? withScope('norm', () => normalize(x, training)) : x;
      const pooled = ops.maxPool2d(ops.relu(y), { kernel: 2, stride: 2 });
      const flat = ops.reshape(pooled, [x.shape[0], 64]);
      const dropped = training && dropout > 0 ? ops.dropout(flat, counter, { p: dropout, seed: 3, stream: 0 }) : flat;
      return withScope('fc', () => ops.linear(dropped, readState(weight), readState(bias)));
    },
    loss: (logits, target) => ops.crossEntropy(logits, target),
  };

  function normalize(x: Tensor, training: boolean): Tensor {
    const [g, b, m, v] = [gamma, beta, mean, variance].map(readState);
    if (!training) return ops.batchNormInference(x, g, b, m, v);
    const result = ops.batchNorm(x, g, b, m, v);
    writeState(mean, result.runningMean);
    writeState(variance, result.runningVar);
    return result.y;
  }
}

export function sgdRule({ parameters }: Task, momentum = 0.9): UpdateRule {
  const momenta = parameters.map(({ name, shape }) => constant(`${name}.momentum`, [...shape], 0, 'optimizer'));
  return {
    states: momenta,
    update(gradients) {
      const lr = scalar('lr');
      const operands = { parameters: parameters.map(readState), gradients, momenta: momenta.map(readState), lr };
      const zeros = parameters.map(() => 0);
      const ones = parameters.map(() => 1);
      const result = ops.sgd(operands, { momentum, nesterov: true, weightDecay: zeros, lrMultiplier: ones });
      parameters.forEach((state, i) => {
        writeState(state, result.parameters[i]);
        writeState(momenta[i], result.momenta[i]);
      });
    },
    scalars: (lr) => ({ lr }),
  };
}

export function averageRule({ parameters, buffers }: Task, momentum = 0.05): AverageRule {
  const states = [...parameters, ...buffers];
  const averages = new Map(states.map((s) => [s, new State(`ema.${s.name}`, s.shape, 'ema', s.init)]));
  return {
    averages,
    update() {
      const moved = ops.ema(states.map(readState), [...averages.values()].map(readState), momentum);
      [...averages.values()].forEach((average, i) => {
        writeState(average, moved[i]);
      });
    },
  };
}
