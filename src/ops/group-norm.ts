import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat, expectInteger, expectRank, expectShape } from './check.js';
import { expectOnlyY } from './layer-norm.js';
import { apply, type Op, perElement } from './op.js';

export interface GroupNormAttrs {
  /** Divides the channels; 1 normalises each sample as a whole. */
  readonly groups: number;
  readonly eps: number;
}

export type GroupNormBackwardAttrs = GroupNormAttrs;

/** x [N,C,H,W], then dy for a gradient; gamma, beta [C]; mean and rstd [N,groups]. */
function check(
  op: string,
  inputs: readonly TensorSpec[],
  names: readonly string[],
  groups: number,
): [channel: TensorSpec, statistics: TensorSpec] {
  expectCount(op, inputs, names.length);
  expectFloat(op, inputs, ...names);
  const [{ shape }] = inputs;
  expectRank(op, 'x', inputs[0], 4);
  expectInteger(op, 'groups', groups, 1);
  if (shape[1] % groups) {
    throw new ShapeError(
      `${op} got ${shape[1]} channels and groups=${groups}`,
      'the channels must divide by the groups',
    );
  }
  const channel = { shape: [shape[1]], dtype: 'f32' } as const;
  const statistics = { shape: [shape[0], groups], dtype: 'f32' } as const;
  names.forEach((name, i) => {
    if (name === 'x') return;
    const own = name === 'mean' || name === 'rstd' ? statistics.shape : channel.shape;
    expectShape(op, name, inputs[i], name === 'dy' ? shape : own);
  });
  return [channel, statistics];
}

/**
 * y = (x - mean) rstd gamma + beta with the mean and the variance of a sample over the pixels and channels of a group
 * (arXiv:1803.08494), rstd = 1 / sqrt(variance + eps). Gives y, mean, rstd.
 */
export const groupNormOp = {
  name: 'groupNorm',

  infer(inputs, { groups }) {
    const [, statistics] = check('groupNorm', inputs, ['x', 'gamma', 'beta'], groups);
    return [{ shape: inputs[0].shape, dtype: 'f32' }, statistics, statistics];
  },

  gradient({ inputs: [x, gamma], outputs: [, mean, rstd], attrs, grads }) {
    expectOnlyY('groupNorm', grads);
    return apply(groupNormBackwardOp, [x, grads[0]!, gamma, mean, rstd], attrs);
  },

  cost: perElement(8),
} satisfies Op<GroupNormAttrs>;

/** dx, dgamma and dbeta of groupNorm. */
export const groupNormBackwardOp = {
  name: 'groupNormBackward',

  infer(inputs, { groups }) {
    const [channel] = check('groupNormBackward', inputs, ['x', 'dy', 'gamma', 'mean', 'rstd'], groups);
    return [{ shape: inputs[0].shape, dtype: 'f32' }, channel, channel];
  },

  cost: perElement(14),
} satisfies Op<GroupNormBackwardAttrs>;

/** Group norm of [N,C,H,W]; `gamma` and `beta` are [C]. */
export function groupNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { groups = 1, eps = 1e-5 }: Partial<GroupNormAttrs> = {},
): Tensor {
  return apply(groupNormOp, [x, gamma, beta], { groups, eps })[0];
}
