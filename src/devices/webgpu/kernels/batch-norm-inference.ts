import source from '../../../../shaders/batch_norm/batch_norm_inference.wgsl';
import backwardSource from '../../../../shaders/batch_norm/batch_norm_inference_backward.wgsl';
import sumsSource from '../../../../shaders/batch_norm/channel_sums.wgsl';
import type {
  BatchNormApplyAttrs,
  BatchNormInferenceAttrs,
  BatchNormInferenceBackwardAttrs,
  FusedActivation,
} from '../../../ops/batch-norm.js';
import { at, type KernelNode, type Lowering } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuCall, type WebgpuLower } from '../kernel.js';
import { fusedActivations } from './batch-norm-whole.js';
import { channelTiling, MOST_PARTIALS, slabs } from './channels.js';
import { scalarLanes, WORKGROUP } from './lanes.js';

export const batchNormInferenceShader = {
  name: 'batch_norm_inference',
  source,
  bindings: ['x', 'gamma', 'beta', 'mean', 'variance', 'y'],
  params: { rows: 'u32', lanes: 'u32', tile_rows: 'u32', eps: 'f32' },
  overrides: ['X', 'ACTIVATION', 'SAVED'],
} as const satisfies Shader;

export const batchNormInferenceBackwardShader = {
  name: 'batch_norm_inference_backward',
  source: backwardSource,
  bindings: ['x', 'dy', 'gamma', 'beta', 'mean', 'variance', 'dx', 'partials'],
  params: { rows: 'u32', lanes: 'u32', slab_rows: 'u32', eps: 'f32' },
  overrides: ['X', 'ACTIVATION'],
} as const satisfies Shader;

export const channelSumsShader = {
  name: 'channel_sums',
  source: sumsSource,
  bindings: ['partials', 'dgamma', 'dbeta'],
  params: { channels: 'u32', slabs: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const batchNormInferenceScalarShader = scalarLanes(batchNormInferenceShader);
export const batchNormInferenceBackwardScalarShader = scalarLanes(batchNormInferenceBackwardShader);

/** `eps` undefined: the last input is the rstd that a batch norm saved, not a variance. */
function lowerGiven(
  { inputs, outputs: [y] }: KernelNode,
  activation: FusedActivation,
  eps?: number,
): Lowering<WebgpuCall> {
  const [x, gamma, beta, mean, variance] = inputs;
  const tiling = channelTiling(x);
  const { vector, rows, lanes, x: X, blocks } = tiling;
  const tiles = slabs(tiling);
  return {
    calls: [
      dispatch(vector ? batchNormInferenceShader : batchNormInferenceScalarShader, {
        buffers: { x: at(x), gamma: at(gamma), beta: at(beta), mean: at(mean), variance: at(variance), y: at(y) },
        params: { rows, lanes, tile_rows: tiles.rows, eps: eps ?? 0 },
        overrides: { X, ACTIVATION: fusedActivations[activation], SAVED: Number(eps === undefined) },
        workgroups: [blocks, tiles.count, 1],
      }),
    ],
  };
}

export const lowerBatchNormApply: WebgpuLower<BatchNormApplyAttrs> = (node) => lowerGiven(node, node.attrs.activation);

export const lowerBatchNormInference: WebgpuLower<BatchNormInferenceAttrs> = (node) =>
  lowerGiven(node, node.attrs.activation, node.attrs.eps);

export const lowerBatchNormInferenceBackward: WebgpuLower<BatchNormInferenceBackwardAttrs> = (node, target) => {
  const { attrs, inputs, outputs } = node;
  const [x, dy, gamma, beta, mean, variance] = inputs;
  const [dx, dgamma, dbeta] = outputs;
  const tiling = channelTiling(x);
  const { vector, rows, lanes, laneBytes, x: X, blocks } = tiling;
  const parts = slabs(tiling, MOST_PARTIALS);
  const channels = (lanes * laneBytes) / 4;
  return {
    calls: [
      dispatch(vector ? batchNormInferenceBackwardShader : batchNormInferenceBackwardScalarShader, {
        buffers: {
          x: at(x),
          dy: at(dy),
          gamma: at(gamma),
          beta: at(beta),
          mean: at(mean),
          variance: at(variance),
          dx: at(dx),
          partials: at('workspace'),
        },
        params: { rows, lanes, slab_rows: parts.rows, eps: attrs.eps },
        overrides: { X, ACTIVATION: fusedActivations[attrs.activation] },
        workgroups: [blocks, parts.count, 1],
      }),
      dispatch(channelSumsShader, {
        buffers: { partials: at('workspace'), dgamma: at(dgamma), dbeta: at(dbeta) },
        params: { channels, slabs: parts.count },
        workgroups: linearWorkgroups(channels, WORKGROUP, target),
      }),
    ],
    workspace: 2 * parts.count * lanes * laneBytes,
  };
};
