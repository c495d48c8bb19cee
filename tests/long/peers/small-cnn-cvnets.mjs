// The small CNN in cvnets: node small-cnn-cvnets.mjs webgpu|wasm [threads]
import {
  batchNorm,
  conv2d,
  crossEntropy,
  Engine,
  fuseBatchNormActivation,
  gradients,
  hostPlatform,
  input,
  linear,
  mean,
  openDevice,
  optimizers,
  readState,
  relu,
  rewriteTrace,
  State,
  trace,
  writeState,
} from '../../../build/dist/index.node.js';
import { countGpuCalls } from './counters.mjs';
import { serve } from './serve.mjs';
import * as data from './small-cnn-data.mjs';

const [device = 'webgpu', threads = '2'] = process.argv.slice(2);
const platform = hostPlatform();
const opened = await openDevice(platform, { device, threads: Number(threads) });
const { counts, reset } = countGpuCalls();
const engine = new Engine(opened);

/** [kH,kW,I,O] to PyTorch's [O,I,kH,kW]. */
function toOihw(weight, inputs, outputs) {
  const result = new Float32Array(weight.length);
  for (let tap = 0; tap < 9; tap++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) result[(o * inputs + i) * 9 + tap] = weight[(tap * inputs + i) * outputs + o];
    }
  }
  return result;
}

const parameters = [];
const parameter = (name, shape, init) => {
  const state = new State(name, shape, 'parameter', init);
  parameters.push(state);
  return state;
};
const vector = (name, length, value) => new State(name, [length], 'buffer', () => new Float32Array(length).fill(value));
const convs = data.CONVS.map(([inputs, outputs, stride], i) => ({
  stride,
  padding: stride === 1 ? 1 : [0, 1, 0, 1],
  weight: parameter(`conv${i}`, [outputs, inputs, 3, 3], () => toOihw(data.convWeight(i), inputs, outputs)),
  gamma: parameter(`gamma${i}`, [outputs], () => new Float32Array(outputs).fill(1)),
  beta: parameter(`beta${i}`, [outputs], () => new Float32Array(outputs)),
  mean: vector(`mean${i}`, outputs, 0),
  variance: vector(`variance${i}`, outputs, 1),
}));
const dense = parameter('dense', [data.CLASSES, 64], () => {
  const weight = data.denseWeight();
  return Float32Array.from({ length: weight.length }, (_, i) => weight[(i % 64) * data.CLASSES + Math.floor(i / 64)]);
});
const bias = parameter('bias', [data.CLASSES], () => new Float32Array(data.CLASSES));
const optimizer = optimizers.sgd(
  parameters.map((state) => ({ state })),
  { momentum: data.MOMENTUM, weight_decay: 0 },
);

const forward = rewriteTrace(
  trace(() => {
    let y = input('image', [data.BATCH, 3, data.SIZE, data.SIZE]);
    for (const layer of convs) {
      y = conv2d(y, readState(layer.weight), { stride: layer.stride, padding: layer.padding });
      const statistics = [layer.mean, layer.variance];
      const norm = batchNorm(y, readState(layer.gamma), readState(layer.beta), ...statistics.map(readState), {
        eps: data.EPS,
      });
      writeState(layer.mean, norm.runningMean);
      writeState(layer.variance, norm.runningVar);
      y = relu(norm.y);
    }
    const logits = linear(mean(y, { axes: [2, 3] }), readState(dense), readState(bias));
    return { loss: crossEntropy(logits, input('target', [data.BATCH], 'i32')) };
  }),
  fuseBatchNormActivation,
);
const program = await engine.compile(
  'train',
  trace(() => {
    optimizer.update(gradients(forward.result.loss, parameters.map(readState)));
    return forward.result;
  }, forward),
);
const inputs = { image: data.images(), target: data.labels() };

await serve({
  name: `cvnets ${opened.description}`,
  counts,
  reset,
  step: async () => (await program.run({ inputs, scalars: optimizer.scalars(data.LR, 0) })).loss[0],
  close: () => engine.close(),
});
