import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { CvnetsError } from '../utils/errors.js';
import { expectCount, expectFloat, expectRank, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface LayerNormAttrs {
  readonly eps: number;
  /** What eps is added to: the variance, or the deviation as in CVNets' channel-first layer norm. */
  readonly epsilonOf: 'variance' | 'deviation';
}

export type LayerNormBackwardAttrs = LayerNormAttrs;

/** Axis that a layer norm works along: channels, which are axis 1 of [N,C,H,W] and the last one of everything else. */
export const layerNormAxis = (rank: number): number => (rank === 4 ? 1 : rank - 1);

/** x, then dy for a gradient; gamma, beta [C]; mean and rstd of x without its channels. */
function check(op: string, inputs: readonly TensorSpec[], names: readonly string[]): [TensorSpec, TensorSpec] {
  expectCount(op, inputs, names.length);
  expectFloat(op, inputs, ...names);
  const [{ shape }] = inputs;
  expectRank(op, 'x', inputs[0], 2, 3, 4);
  const axis = layerNormAxis(shape.length);
  const channel = { shape: [shape[axis]], dtype: 'f32' } as const;
  const lines = { shape: shape.filter((_, i) => i !== axis), dtype: 'f32' } as const;
  names.forEach((name, i) => {
    const like =
      name === 'x' || name === 'dy' ? shape : name === 'mean' || name === 'rstd' ? lines.shape : channel.shape;
    expectShape(op, name, inputs[i], like);
  });
  return [channel, lines];
}

/**
 * y = (x - mean) rstd gamma + beta with the mean and the deviation of each position over its channels (arXiv:1607.06450):
 * rstd = 1 / sqrt(variance + eps), or 1 / (sqrt(variance) + eps). Gives y, mean, rstd.
 */
export const layerNormOp = {
  name: 'layerNorm',

  infer(inputs) {
    const [, lines] = check('layerNorm', inputs, ['x', 'gamma', 'beta']);
    return [{ shape: inputs[0].shape, dtype: 'f32' }, lines, lines];
  },

  gradient({ inputs: [x, gamma], outputs: [, mean, rstd], attrs, grads }) {
    expectOnlyY('layerNorm', grads);
    return apply(layerNormBackwardOp, [x, grads[0]!, gamma, mean, rstd], attrs);
  },

  cost: perElement(8),
} satisfies Op<LayerNormAttrs>;

/** dx, dgamma and dbeta of layerNorm. */
export const layerNormBackwardOp = {
  name: 'layerNormBackward',

  infer(inputs) {
    const [channel] = check('layerNormBackward', inputs, ['x', 'dy', 'gamma', 'mean', 'rstd']);
    return [{ shape: inputs[0].shape, dtype: 'f32' }, channel, channel];
  },

  cost: perElement(14),
} satisfies Op<LayerNormBackwardAttrs>;

/** Norms give their statistics to their own gradient, not to a loss. */
export function expectOnlyY(op: string, grads: readonly (Tensor | undefined)[]): void {
  if (!grads.slice(1).some(Boolean)) return;
  throw new CvnetsError(
    `${op} has a gradient for y only, but the loss depends on mean or rstd`,
    'compute that statistic with mean(x) and square(x)',
  );
}

/** Layer norm over the channels: axis 1 of [N,C,H,W], the last axis of [N,C] and [B,N,C]. `gamma` and `beta` are [C]. */
export function layerNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { eps = 1e-5, epsilonOf = 'variance' }: Partial<LayerNormAttrs> = {},
): Tensor {
  return apply(layerNormOp, [x, gamma, beta], { eps, epsilonOf })[0];
}
