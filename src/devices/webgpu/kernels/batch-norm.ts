import backwardSource from '../../../../shaders/batch_norm/batch_norm_backward.wgsl';
import sumsSource from '../../../../shaders/batch_norm/batch_norm_backward_sums.wgsl';
import normalizeSource from '../../../../shaders/batch_norm/batch_norm_normalize.wgsl';
import statisticsSource from '../../../../shaders/batch_norm/batch_norm_statistics.wgsl';
import type { BatchNormAttrs, BatchNormBackwardAttrs } from '../../../ops/batch-norm.js';
import { at } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { fusedActivations, isSmall, lowerBatchNormBackwardWhole, lowerBatchNormWhole } from './batch-norm-whole.js';
import { channelTiling, MOST_PARTIALS, slabs } from './channels.js';
import { scalarLanes } from './lanes.js';

export const batchNormStatisticsShader = {
  name: 'batch_norm_statistics',
  source: statisticsSource,
  bindings: ['x', 'gamma', 'beta', 'partials'],
  params: { rows: 'u32', lanes: 'u32', slab_rows: 'u32', slabs: 'u32' },
  overrides: ['X'],
} as const satisfies Shader;

export const batchNormNormalizeShader = {
  name: 'batch_norm_normalize',
  source: normalizeSource,
  bindings: ['x', 'partials', 'y', 'mean', 'rstd', 'running_mean', 'running_var'],
  params: {
    rows: 'u32',
    lanes: 'u32',
    slab_rows: 'u32',
    slabs: 'u32',
    tile_rows: 'u32',
    eps: 'f32',
    momentum: 'f32',
  },
  overrides: ['X', 'ACTIVATION'],
} as const satisfies Shader;

export const batchNormBackwardSumsShader = {
  name: 'batch_norm_backward_sums',
  source: sumsSource,
  bindings: ['x', 'dy', 'gamma', 'beta', 'mean', 'rstd', 'partials'],
  params: { rows: 'u32', lanes: 'u32', slab_rows: 'u32', slabs: 'u32' },
  overrides: ['X', 'ACTIVATION'],
} as const satisfies Shader;

export const batchNormBackwardShader = {
  name: 'batch_norm_backward',
  source: backwardSource,
  bindings: ['x', 'dy', 'partials', 'dx', 'dgamma', 'dbeta'],
  params: { rows: 'u32', lanes: 'u32', slabs: 'u32', tile_rows: 'u32' },
  overrides: ['X', 'ACTIVATION'],
} as const satisfies Shader;

export const batchNormStatisticsScalarShader = scalarLanes(batchNormStatisticsShader);
export const batchNormNormalizeScalarShader = scalarLanes(batchNormNormalizeShader);
export const batchNormBackwardSumsScalarShader = scalarLanes(batchNormBackwardSumsShader);
export const batchNormBackwardScalarShader = scalarLanes(batchNormBackwardShader);

export const lowerBatchNorm: WebgpuLower<BatchNormAttrs> = (node) => {
  const { attrs, inputs, outputs } = node;
  const [x, gamma, beta] = inputs;
  const [y, mean, rstd, runningMean, runningVar] = outputs;
  const tiling = channelTiling(x);
  if (isSmall(tiling)) return lowerBatchNormWhole(node);
  const { vector, rows, lanes, laneBytes, x: X, blocks } = tiling;
  const parts = slabs(tiling, MOST_PARTIALS);
  const tiles = slabs(tiling);
  const shape = { rows, lanes, slab_rows: parts.rows, slabs: parts.count };
  return {
    calls: [
      dispatch(vector ? batchNormStatisticsShader : batchNormStatisticsScalarShader, {
        buffers: { x: at(x), gamma: at(gamma), beta: at(beta), partials: at('workspace') },
        params: shape,
        overrides: { X },
        workgroups: [blocks, parts.count, 1],
      }),
      dispatch(vector ? batchNormNormalizeShader : batchNormNormalizeScalarShader, {
        buffers: {
          x: at(x),
          partials: at('workspace'),
          y: at(y),
          mean: at(mean),
          rstd: at(rstd),
          running_mean: at(runningMean),
          running_var: at(runningVar),
        },
        params: { ...shape, tile_rows: tiles.rows, eps: attrs.eps, momentum: attrs.momentum },
        overrides: { X, ACTIVATION: fusedActivations[attrs.activation] },
        workgroups: [blocks, tiles.count, 1],
      }),
    ],
    workspace: (2 * parts.count + 2) * lanes * laneBytes,
  };
};

export const lowerBatchNormBackward: WebgpuLower<BatchNormBackwardAttrs> = (node) => {
  const { attrs, inputs, outputs } = node;
  const [x, dy, gamma, beta, mean, rstd] = inputs;
  const [dx, dgamma, dbeta] = outputs;
  const tiling = channelTiling(x);
  if (isSmall(tiling)) return lowerBatchNormBackwardWhole(node);
  const { vector, rows, lanes, laneBytes, x: X, blocks } = tiling;
  const parts = slabs(tiling, MOST_PARTIALS);
  const tiles = slabs(tiling);
  const overrides = { X, ACTIVATION: fusedActivations[attrs.activation] };
  return {
    calls: [
      dispatch(vector ? batchNormBackwardSumsShader : batchNormBackwardSumsScalarShader, {
        buffers: {
          x: at(x),
          dy: at(dy),
          gamma: at(gamma),
          beta: at(beta),
          mean: at(mean),
          rstd: at(rstd),
          partials: at('workspace'),
        },
        params: { rows, lanes, slab_rows: parts.rows, slabs: parts.count },
        overrides,
        workgroups: [blocks, parts.count, 1],
      }),
      dispatch(vector ? batchNormBackwardShader : batchNormBackwardScalarShader, {
        buffers: { x: at(x), dy: at(dy), partials: at('workspace'), dx: at(dx), dgamma: at(dgamma), dbeta: at(dbeta) },
        params: { rows, lanes, slabs: parts.count, tile_rows: tiles.rows },
        overrides,
        workgroups: [blocks, tiles.count, 1],
      }),
    ],
    workspace: (2 * parts.count + 4) * lanes * laneBytes,
  };
};
