import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { CvnetsError, ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat, expectRank, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

/** Applied to y in the same pass over memory. */
export type FusedActivation = 'none' | 'relu' | 'relu6';

export interface BatchNormAttrs {
  readonly eps: number;
  /** Weight of the new value in the running statistics, as in PyTorch. */
  readonly momentum: number;
  readonly activation: FusedActivation;
}

export interface BatchNormBackwardAttrs {
  readonly activation: FusedActivation;
}

export interface BatchNormInferenceAttrs {
  readonly eps: number;
  readonly activation: FusedActivation;
}

export type BatchNormApplyAttrs = BatchNormBackwardAttrs;

export type BatchNormInferenceBackwardAttrs = BatchNormInferenceAttrs;

const vectors = ['gamma', 'beta', 'mean', 'variance'];

/** x is [N,C] or [N,C,H,W], the inputs from `first` on are [C]. Returns the spec of such a vector. */
function checkChannels(op: string, inputs: readonly TensorSpec[], count: number, first: number): TensorSpec {
  expectCount(op, inputs, count);
  expectFloat(op, inputs, 'x', ...(first === 2 ? ['dy'] : []), ...vectors);
  const [x] = inputs;
  expectRank(op, 'x', x, 2, 4);
  const channel = { shape: [x.shape[1]], dtype: 'f32' } as const;
  inputs.slice(first).forEach((input, i) => {
    expectShape(op, vectors[i], input, channel.shape);
  });
  if (first === 2) expectShape(op, 'dy', inputs[1], x.shape);
  return channel;
}

/**
 * Normalises each channel with the statistics of the batch (biased variance) and moves the running statistics
 * (unbiased variance), in place. rstd = 1 / sqrt(var + eps).
 */
export const batchNormOp = {
  name: 'batchNorm',

  infer(inputs) {
    const channel = checkChannels('batchNorm', inputs, 5, 1);
    const { shape } = inputs[0];
    if (shape.reduce((n, d, i) => (i === 1 ? n : n * d), 1) === 1) {
      throw new ShapeError(
        `batchNorm got 1 value per channel in [${shape}], but a variance needs at least 2`,
        'use a larger batch or resolution, or evaluate with running statistics',
      );
    }
    return [{ shape, dtype: 'f32' }, channel, channel, channel, channel];
  },

  gradient({ inputs: [x, gamma, beta], outputs: [, mean, rstd], attrs: { activation }, grads }) {
    if (grads.slice(1).some(Boolean)) {
      throw new CvnetsError(
        'batchNorm has a gradient for y only, but the loss depends on mean, rstd or a running statistic',
        'compute that statistic with mean(x) and square(x)',
      );
    }
    return apply(batchNormBackwardOp, [x, grads[0]!, gamma, beta, mean, rstd], { activation });
  },

  inPlace: () => [
    [3, 3],
    [4, 4],
  ],

  cost: perElement(7),
} satisfies Op<BatchNormAttrs>;

/** Gradient of batchNorm; the mask of a fused activation is computed again from x. */
export const batchNormBackwardOp = {
  name: 'batchNormBackward',

  infer(inputs) {
    const channel = checkChannels('batchNormBackward', inputs, 6, 2);
    return [{ shape: inputs[0].shape, dtype: 'f32' }, channel, channel];
  },

  /** mean and rstd side by side, so that a kernel can bind them as one buffer. */
  groups: () => [[4, 6]],

  cost: perElement(11),
} satisfies Op<BatchNormBackwardAttrs>;

/**
 * Normalises with the mean and the rstd that `batchNorm` gave for x: the same y, bit for bit, and nothing is written.
 * The recompute pass makes these nodes.
 */
export const batchNormApplyOp = {
  name: 'batchNormApply',

  infer(inputs) {
    checkChannels('batchNormApply', inputs, 5, 1);
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  cost: perElement(2),
} satisfies Op<BatchNormApplyAttrs>;

/** Normalises with given statistics. */
export const batchNormInferenceOp = {
  name: 'batchNormInference',

  infer(inputs) {
    checkChannels('batchNormInference', inputs, 5, 1);
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  gradient: ({ inputs: [x, gamma, beta, mean, variance], attrs, grads: [dy] }) =>
    apply(batchNormInferenceBackwardOp, [x, dy!, gamma, beta, mean, variance], attrs),

  cost: perElement(2),
} satisfies Op<BatchNormInferenceAttrs>;

export const batchNormInferenceBackwardOp = {
  name: 'batchNormInferenceBackward',

  infer(inputs) {
    const channel = checkChannels('batchNormInferenceBackward', inputs, 6, 2);
    return [{ shape: inputs[0].shape, dtype: 'f32' }, channel, channel];
  },

  cost: perElement(6),
} satisfies Op<BatchNormInferenceBackwardAttrs>;

export interface BatchNormResult {
  readonly y: Tensor;
  readonly mean: Tensor;
  readonly rstd: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
}

/** Batch norm of a training step; the caller keeps `runningMean` and `runningVar`. */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  runningMean: Tensor,
  runningVar: Tensor,
  { eps = 1e-5, momentum = 0.1, activation = 'none' }: Partial<BatchNormAttrs> = {},
): BatchNormResult {
  const outputs = apply(batchNormOp, [x, gamma, beta, runningMean, runningVar], { eps, momentum, activation });
  return { y: outputs[0], mean: outputs[1], rstd: outputs[2], runningMean: outputs[3], runningVar: outputs[4] };
}

/** Batch norm with fixed statistics: evaluation and frozen layers. */
export function batchNormInference(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
  { eps = 1e-5, activation = 'none' }: Partial<BatchNormInferenceAttrs> = {},
): Tensor {
  return apply(batchNormInferenceOp, [x, gamma, beta, mean, variance], { eps, activation })[0];
}
