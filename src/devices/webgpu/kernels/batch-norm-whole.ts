import backwardSource from '../../../../shaders/batch_norm/batch_norm_backward_whole.wgsl';
import source from '../../../../shaders/batch_norm/batch_norm_whole.wgsl';
import type { BatchNormAttrs, BatchNormBackwardAttrs, FusedActivation } from '../../../ops/batch-norm.js';
import { at, type KernelNode, type Lowering } from '../../device.js';
import { groupOffsets } from '../../group.js';
import { dispatch, type Shader, type WebgpuCall } from '../kernel.js';
import { type ChannelTiling, channelTiling } from './channels.js';
import { scalarLanes } from './lanes.js';

export const batchNormWholeShader = {
  name: 'batch_norm_whole',
  source,
  bindings: ['x', 'gamma', 'beta', 'y', 'mean', 'rstd', 'running_mean', 'running_var'],
  params: { rows: 'u32', lanes: 'u32', eps: 'f32', momentum: 'f32' },
  overrides: ['X', 'ACTIVATION'],
} as const satisfies Shader;

export const batchNormBackwardWholeShader = {
  name: 'batch_norm_backward_whole',
  source: backwardSource,
  bindings: ['x', 'dy', 'gamma', 'beta', 'statistics', 'dx', 'dgamma', 'dbeta'],
  params: { rows: 'u32', lanes: 'u32', rstd_at: 'u32' },
  overrides: ['X', 'ACTIVATION'],
} as const satisfies Shader;

export const batchNormWholeScalarShader = scalarLanes(batchNormWholeShader);
export const batchNormBackwardWholeScalarShader = scalarLanes(batchNormBackwardWholeShader);

/** ACTIVATION of the shaders. */
export const fusedActivations: Record<FusedActivation, number> = { none: 0, relu: 1, relu6: 2 };

/** Rows up to which a second launch costs more than a workgroup that walks all rows of a few channels. */
const MOST_ROWS = 4096;
/** Lanes of such a workgroup: neighbours still read 64 bytes together, and there are as many workgroups as can be. */
const LANES_ACROSS = 4;

export const isSmall = ({ rows }: ChannelTiling): boolean => rows <= MOST_ROWS;

export function lowerBatchNormWhole({ attrs, inputs, outputs }: KernelNode<BatchNormAttrs>): Lowering<WebgpuCall> {
  const [x, gamma, beta] = inputs.map((value) => at(value));
  const [y, mean, rstd, running_mean, running_var] = outputs.map((value) => at(value));
  const { vector, rows, lanes } = channelTiling(inputs[0]);
  const call = dispatch(vector ? batchNormWholeShader : batchNormWholeScalarShader, {
    buffers: { x, gamma, beta, y, mean, rstd, running_mean, running_var },
    params: { rows, lanes, eps: attrs.eps, momentum: attrs.momentum },
    overrides: { X: LANES_ACROSS, ACTIVATION: fusedActivations[attrs.activation] },
    workgroups: [Math.ceil(lanes / LANES_ACROSS), 1, 1],
  });
  return { calls: [call] };
}

/** The operator asks for mean and rstd in one block, see `batchNormBackwardOp.groups`. */
export function lowerBatchNormBackwardWhole(node: KernelNode<BatchNormBackwardAttrs>): Lowering<WebgpuCall> {
  const { attrs, inputs, outputs } = node;
  const [x, dy, gamma, beta] = inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = outputs.map((value) => at(value));
  const { vector, rows, lanes, laneBytes } = channelTiling(inputs[0]);
  const rstdBytes = groupOffsets(inputs.slice(4)).offsets[1] * 4;
  const statistics = { ...at(inputs[4]), bytes: rstdBytes + inputs[5].bytes };
  const call = dispatch(vector ? batchNormBackwardWholeShader : batchNormBackwardWholeScalarShader, {
    buffers: { x, dy, gamma, beta, statistics, dx, dgamma, dbeta },
    params: { rows, lanes, rstd_at: rstdBytes / laneBytes },
    overrides: { X: LANES_ACROSS, ACTIVATION: fusedActivations[attrs.activation] },
    workgroups: [Math.ceil(lanes / LANES_ACROSS), 1, 1],
  });
  return { calls: [call] };
}
