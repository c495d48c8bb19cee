import source from '../../../../shaders/layer_norm/layer_norm.wgsl';
import backwardSource from '../../../../shaders/layer_norm/layer_norm_backward.wgsl';
import sumsSource from '../../../../shaders/layer_norm/layer_norm_backward_sums.wgsl';
import { type LayerNormAttrs, type LayerNormBackwardAttrs, layerNormAxis } from '../../../ops/layer-norm.js';
import { at, type Value } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower, type WebgpuTarget } from '../kernel.js';
import { channelSumsShader } from './batch-norm-inference.js';
import { channelTiling, MOST_PARTIALS, slabs } from './channels.js';
import { elements, scalarLanes, WORKGROUP } from './lanes.js';

export const layerNormShader = {
  name: 'layer_norm',
  source,
  bindings: ['x', 'gamma', 'beta', 'y', 'mean', 'rstd'],
  params: { lines: 'u32', channels: 'u32', eps: 'f32' },
  overrides: ['X', 'OF_DEVIATION'],
} as const satisfies Shader;

export const layerNormBackwardShader = {
  name: 'layer_norm_backward',
  source: backwardSource,
  bindings: ['x', 'dy', 'gamma', 'mean', 'rstd', 'dx'],
  params: { lines: 'u32', channels: 'u32', eps: 'f32' },
  overrides: ['X', 'OF_DEVIATION'],
} as const satisfies Shader;

export const layerNormBackwardSumsShader = {
  name: 'layer_norm_backward_sums',
  source: sumsSource,
  bindings: ['x', 'dy', 'mean', 'rstd', 'partials'],
  params: { lines: 'u32', lanes: 'u32', slab_lines: 'u32' },
  overrides: ['X'],
} as const satisfies Shader;

export const layerNormBackwardSumsScalarShader = scalarLanes(layerNormBackwardSumsShader);

const channelsOf = ({ shape }: Value): number => shape[layerNormAxis(shape.length)];

/** Lines lie one after the other: channels are the fast axis of every rank. */
function walk(x: Value, { eps, epsilonOf }: LayerNormAttrs, target: WebgpuTarget) {
  const channels = channelsOf(x);
  const lines = elements(x) / channels;
  const X = Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(Math.max(1, channels / 4))));
  return {
    params: { lines, channels, eps },
    overrides: { X, OF_DEVIATION: Number(epsilonOf === 'deviation') },
    workgroups: linearWorkgroups(lines, WORKGROUP / X, target),
  };
}

export const lowerLayerNorm: WebgpuLower<LayerNormAttrs> = ({ attrs, inputs, outputs }, target) => {
  const [x, gamma, beta] = inputs.map((value) => at(value));
  const [y, mean, rstd] = outputs.map((value) => at(value));
  const buffers = { x, gamma, beta, y, mean, rstd };
  return { calls: [dispatch(layerNormShader, { buffers, ...walk(inputs[0], attrs, target) })] };
};

export const lowerLayerNormBackward: WebgpuLower<LayerNormBackwardAttrs> = ({ attrs, inputs, outputs }, target) => {
  const [x, dy, gamma, mean, rstd] = inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = outputs.map((value) => at(value));
  const channels = channelsOf(inputs[0]);
  const tiling = channelTiling(inputs[0], channels);
  const { vector, rows, lanes, laneBytes, x: X, blocks } = tiling;
  const parts = slabs(tiling, MOST_PARTIALS);
  const partials = at('workspace');
  return {
    calls: [
      dispatch(layerNormBackwardShader, {
        buffers: { x, dy, gamma, mean, rstd, dx },
        ...walk(inputs[0], attrs, target),
      }),
      dispatch(vector ? layerNormBackwardSumsShader : layerNormBackwardSumsScalarShader, {
        buffers: { x, dy, mean, rstd, partials },
        params: { lines: rows, lanes, slab_lines: parts.rows },
        overrides: { X },
        workgroups: [blocks, parts.count, 1],
      }),
      dispatch(channelSumsShader, {
        buffers: { partials, dgamma, dbeta },
        params: { channels, slabs: parts.count },
        workgroups: linearWorkgroups(channels, WORKGROUP, target),
      }),
    ],
    workspace: 2 * parts.count * lanes * laneBytes,
  };
};
