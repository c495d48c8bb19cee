// The small CNN in TensorFlow.js on WebGPU in Node.
import { create, globals } from 'webgpu';
import { countGpuCalls } from './counters.mjs';
import { serve } from './serve.mjs';
import * as data from './small-cnn-data.mjs';

Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
const { counts, reset } = countGpuCalls();

const tf = await import('@tensorflow/tfjs');
await import('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
await tf.ready();

const x = tf.tensor4d(data.images(), [data.BATCH, data.SIZE, data.SIZE, 3]);
const labels = tf.oneHot(tf.tensor1d(data.labels(), 'int32'), data.CLASSES).toFloat();
const convs = data.CONVS.map(([inputs, outputs, stride], i) => ({
  stride,
  weight: tf.variable(tf.tensor4d(data.convWeight(i), [3, 3, inputs, outputs])),
  gamma: tf.variable(tf.ones([outputs])),
  beta: tf.variable(tf.zeros([outputs])),
}));
const dense = tf.variable(tf.tensor2d(data.denseWeight(), [64, data.CLASSES]));
const bias = tf.variable(tf.zeros([data.CLASSES]));
const optimizer = tf.train.momentum(data.LR, data.MOMENTUM);

function loss() {
  let y = x;
  for (const { stride, weight, gamma, beta } of convs) {
    y = tf.conv2d(y, weight, stride, 'same');
    const { mean, variance } = tf.moments(y, [0, 1, 2]);
    y = tf.relu(tf.batchNorm(y, mean, variance, beta, gamma, data.EPS));
  }
  const logits = tf.add(tf.matMul(tf.mean(y, [1, 2]), dense), bias);
  return tf.losses.softmaxCrossEntropy(labels, logits);
}

await serve({
  name: `tfjs ${tf.version.tfjs} ${tf.getBackend()}`,
  counts,
  reset,
  async step() {
    const value = optimizer.minimize(loss, true);
    const [result] = await value.data();
    value.dispose();
    return result;
  },
});
