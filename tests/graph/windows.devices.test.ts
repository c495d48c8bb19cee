import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/devices/device.js';
import { gradients } from '../../src/graph/autodiff.js';
import { buildPlan } from '../../src/graph/plan.js';
import {
  avgPool2d,
  batchNorm,
  batchNormInference,
  concat,
  conv2d,
  crossEntropy,
  globalNorm,
  groupNorm,
  layerNorm,
  linear,
  matmul,
  maxPool2d,
  mean,
  mul,
  pad,
  prelu,
  reshape,
  resize2d,
  sgd,
  split,
  square,
  sum,
  transpose,
} from '../../src/ops/index.js';
import { trace } from '../../src/scheduler/engine.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { devices, type TestDevice } from '../support/devices.js';
import { Random } from '../support/random.js';

/** Inputs with random values, and what they are fed with. */
class Feeds {
  readonly values = new Map<Tensor, TypedArray>();
  readonly #random = new Random('windows');

  f32(name: string, shape: Shape, low = -1, high = 1): Tensor {
    const tensor = input(name, shape);
    this.values.set(
      tensor,
      Float32Array.from({ length: size(shape) }, () => this.#random.uniform(low, high)),
    );
    return tensor;
  }

  labels(name: string, batch: number, classes: number): Tensor {
    const tensor = input(name, [batch], 'i32');
    this.values.set(
      tensor,
      Int32Array.from({ length: batch }, () => this.#random.integer(classes)),
    );
    return tensor;
  }
}

const BATCH = 11;

/** A training step of a small network: everything with a rule of its own is in it. */
function trainingStep(feeds: Feeds): Tensor[] {
  const x = feeds.f32('x', [BATCH, 4, 16, 16], 3, 5);
  const [w1, w2] = [feeds.f32('w1', [8, 4, 3, 3]), feeds.f32('w2', [8, 1, 3, 3])];
  const [gamma, beta] = [feeds.f32('gamma', [8], 0.5, 1.5), feeds.f32('beta', [8])];
  const [runningMean, runningVar] = [feeds.f32('running_mean', [8]), feeds.f32('running_var', [8], 0.5, 1.5)];
  const slope = feeds.f32('slope', [8]);
  const [fc, bias] = [feeds.f32('fc', [5, 8]), feeds.f32('bias', [5])];
  const norm = batchNorm(conv2d(x, w1, { padding: 1 }), gamma, beta, runningMean, runningVar, {
    activation: 'relu6',
  });
  const pooled = maxPool2d(norm.y, { kernel: 3, stride: 2, padding: 1 });
  const deep = prelu(conv2d(pooled, w2, { stride: 2, padding: 1, groups: 8 }), slope);
  const frozen = batchNormInference(resize2d(deep, { size: [8, 8] }), gamma, beta, runningMean, runningVar);
  const features = avgPool2d(pad(frozen, [0, 0, 1, 1], [0, 0, 1, 1]), { kernel: 3, stride: 2 });
  const logits = linear(mean(mul(features, 0.1), { axes: [2, 3] }), fc, bias);
  const loss = crossEntropy(logits, feeds.labels('target', BATCH, 5));
  const parameters = [w1, w2, gamma, beta, slope, fc, bias];
  const grads = gradients(loss, [...parameters, x]);
  const { norm: gradNorm, coefficient } = globalNorm(grads.slice(0, -1), 0.5);
  const momenta = parameters.map((p, i) => feeds.f32(`momentum${i}`, p.shape));
  const lr = feeds.f32('lr', []);
  const updated = sgd(
    { parameters, gradients: grads.slice(0, -1), momenta, lr: sum(lr), coefficient },
    {
      momentum: 0.9,
      nesterov: true,
      weightDecay: parameters.map((_, i) => i / 100),
      lrMultiplier: parameters.map(() => 1),
    },
  );
  return [loss, ...grads, gradNorm, norm.runningMean, norm.runningVar, ...updated.parameters, ...updated.momenta];
}

/** A step of what transformers are made of: norms within a sample, products of matrices, parts of channels. */
function attentionStep(feeds: Feeds): Tensor[] {
  const x = feeds.f32('map', [BATCH, 8, 12, 12], 3, 5);
  const [scale, shift] = [feeds.f32('scale', [8], 0.5, 1.5), feeds.f32('shift', [8])];
  const w = feeds.f32('w', [24, 8]);
  const map = groupNorm(layerNorm(x, scale, shift), scale, shift, { groups: 2 });
  const tokens = reshape(transpose(map, [0, 3, 2, 1]), [BATCH, 144, 8]);
  const [q, k, v] = split(linear(layerNorm(tokens, scale, shift), w), [8, 8, 8], 2);
  const attended = matmul(matmul(q, k, { transposeA: true }), v, { transposeB: true });
  return [attended, ...gradients(mean(square(attended)), [scale, shift, w])];
}

/** Plans and runs with a binding limit of `bytes`. */
async function limited<T>(device: Device, bytes: number, run: () => Promise<T>): Promise<T> {
  const settable = device as { maxOperandBytes: number };
  const before = device.maxOperandBytes;
  settable.maxOperandBytes = bytes;
  try {
    return await run();
  } finally {
    settable.maxOperandBytes = before;
  }
}

function expectNear(got: TypedArray, expected: TypedArray, what: string): void {
  const values = [...expected];
  const scale = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) + 1e-6;
  values.forEach((value, i) => {
    expect(Math.abs(got[i] - value) / scale, `${what}[${i}]: ${got[i]} for ${value}`).toBeLessThan(2e-5);
  });
}

describe.each(await devices())('$name', (device: TestDevice) => {
  const all = new Feeds();
  const step = trainingStep(all);

  test('a training step in windows computes what it computes in one piece', async () => {
    const whole = await device.evaluate(step, all.values);
    // 44 KB activations in windows of 3 rows, weights still whole.
    const windows = await limited(device.engine.device, 16_384, () => device.evaluate(step, all.values));
    whole.forEach((expected, i) => {
      expectNear(windows[i], expected, `output ${i}`);
    });
  });

  test('norms within a sample, matrix products and transpositions in windows', async () => {
    const feeds = new Feeds();
    const outputs = attentionStep(feeds);
    const whole = await device.evaluate(outputs, feeds.values);
    const windows = await limited(device.engine.device, 49_000, () => device.evaluate(outputs, feeds.values));
    whole.forEach((expected, i) => {
      expectNear(windows[i], expected, `output ${i}`);
    });
  });

  test('no operand of the plan is larger than the limit', async () => {
    await limited(device.engine.device, 16_384, async () => {
      const outputs = Object.fromEntries(step.map((tensor, i) => [`${i}`, tensor]));
      const { steps } = buildPlan(
        'windows',
        trace(() => outputs),
        device.engine.device,
      );
      for (const { node } of steps) {
        for (const value of [...node.inputs, ...node.outputs]) expect(value.bytes).toBeLessThanOrEqual(16_384);
      }
      expect(steps.filter(({ node }) => node.op === 'conv2dBackwardWeight').length).toBeGreaterThan(4);
    });
  });

  test('lists of parameters above the limit are updated in one launch a window', async () => {
    const feeds = new Feeds();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const list = (kind: string) => names.map((name) => feeds.f32(`${kind} ${name}`, [name === 'c' ? 40 : 200]));
    const operands = { parameters: list('p'), gradients: list('g'), momenta: list('m'), lr: sum(feeds.f32('lr', [])) };
    const attrs = { momentum: 0.9, nesterov: false, weightDecay: [0, 1, 2, 3, 4], lrMultiplier: [1, 2, 1, 2, 1] };
    const { parameters, momenta } = sgd(operands, attrs);
    const outputs = [...parameters, ...momenta, globalNorm(operands.gradients, 0.1).coefficient];
    const whole = await device.evaluate(outputs, feeds.values);
    const windows = await limited(device.engine.device, 2048, () => device.evaluate(outputs, feeds.values));
    whole.forEach((expected, i) => {
      expectNear(windows[i], expected, `output ${i}`);
    });
  });

  test('channels are joined in windows; a row that is too large is refused by name', async () => {
    const feeds = new Feeds();
    const outputs = [concat([feeds.f32('x', [8, 4, 16, 16]), feeds.f32('y', [8, 4, 16, 16])], 1)];
    await limited(device.engine.device, 16_384, () => device.evaluate(outputs, feeds.values));
    const across = [mean(feeds.f32('z', [4, 8192]), { axes: 1 })];
    await expect(limited(device.engine.device, 16_384, () => device.evaluate(across, feeds.values))).rejects.toThrow(
      /reduce needs 131072 bytes for \[4,8192\], this device binds at most 16384/,
    );
  });
});
