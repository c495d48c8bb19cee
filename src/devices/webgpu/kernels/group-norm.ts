import source from '../../../../shaders/group_norm/group_norm.wgsl';
import backwardSource from '../../../../shaders/group_norm/group_norm_backward.wgsl';
import backwardMergeSource from '../../../../shaders/group_norm/group_norm_backward_merge.wgsl';
import backwardSumsSource from '../../../../shaders/group_norm/group_norm_backward_sums.wgsl';
import mergeSource from '../../../../shaders/group_norm/group_norm_merge.wgsl';
import statisticsSource from '../../../../shaders/group_norm/group_norm_statistics.wgsl';
import type { GroupNormAttrs, GroupNormBackwardAttrs } from '../../../ops/group-norm.js';
import { at, type Value } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { channelSumsShader } from './batch-norm-inference.js';
import { channelTiling, slabs } from './channels.js';
import { scalarLanes, WORKGROUP } from './lanes.js';

export const groupNormStatisticsShader = {
  name: 'group_norm_statistics',
  source: statisticsSource,
  bindings: ['x', 'partials'],
  params: { pixels: 'u32', lanes: 'u32', slab_pixels: 'u32', slabs: 'u32' },
  overrides: ['X'],
} as const satisfies Shader;

export const groupNormMergeShader = {
  name: 'group_norm_merge',
  source: mergeSource,
  bindings: ['partials', 'mean', 'rstd'],
  params: { pixels: 'u32', channels: 'u32', slab_pixels: 'u32', slabs: 'u32', groups: 'u32', eps: 'f32' },
  overrides: [],
} as const satisfies Shader;

export const groupNormShader = {
  name: 'group_norm',
  source,
  bindings: ['x', 'gamma', 'beta', 'mean', 'rstd', 'y'],
  params: { count: 'u32', sample_lanes: 'u32', lanes: 'u32', groups: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const groupNormBackwardSumsShader = {
  name: 'group_norm_backward_sums',
  source: backwardSumsSource,
  bindings: ['x', 'dy', 'mean', 'rstd', 'partials'],
  params: { pixels: 'u32', lanes: 'u32', slab_pixels: 'u32', slabs: 'u32', groups: 'u32' },
  overrides: ['X'],
} as const satisfies Shader;

export const groupNormBackwardMergeShader = {
  name: 'group_norm_backward_merge',
  source: backwardMergeSource,
  bindings: ['partials', 'gamma', 'means'],
  params: { pixels: 'u32', channels: 'u32', slabs: 'u32', groups: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const groupNormBackwardShader = {
  name: 'group_norm_backward',
  source: backwardSource,
  bindings: ['x', 'dy', 'gamma', 'mean', 'rstd', 'means', 'dx'],
  params: { count: 'u32', sample_lanes: 'u32', lanes: 'u32', groups: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const groupNormStatisticsScalarShader = scalarLanes(groupNormStatisticsShader);
export const groupNormScalarShader = scalarLanes(groupNormShader);
export const groupNormBackwardSumsScalarShader = scalarLanes(groupNormBackwardSumsShader);
export const groupNormBackwardScalarShader = scalarLanes(groupNormBackwardShader);

/** Every sample is cut into slabs of pixels; a lane is four channels where groups are made of whole lanes. */
function geometry(x: Value, groups: number) {
  const [samples, channels, height, width] = x.shape;
  const pixels = height * width;
  const vector = (channels / groups) % 4 === 0;
  const tiling = channelTiling(x, channels, { rows: pixels, vector });
  const parts = slabs(tiling, 64);
  return {
    ...tiling,
    samples,
    channels,
    pixels,
    parts,
    cut: { pixels, slab_pixels: parts.rows, slabs: parts.count },
    each: { count: samples * pixels * tiling.lanes, sample_lanes: pixels * tiling.lanes, lanes: tiling.lanes, groups },
    /** Bytes of two numbers a channel and slab. */
    partialBytes: Math.ceil((samples * parts.count * 2 * channels * 4) / 256) * 256,
  };
}

export const lowerGroupNorm: WebgpuLower<GroupNormAttrs> = ({ attrs: { groups, eps }, inputs, outputs }, target) => {
  const [x, gamma, beta] = inputs.map((value) => at(value));
  const [y, mean, rstd] = outputs.map((value) => at(value));
  const {
    vector,
    lanes,
    x: X,
    blocks,
    samples,
    channels,
    parts,
    cut,
    each,
    partialBytes,
  } = geometry(inputs[0], groups);
  const partials = at('workspace');
  return {
    calls: [
      dispatch(vector ? groupNormStatisticsShader : groupNormStatisticsScalarShader, {
        buffers: { x, partials },
        params: { ...cut, lanes },
        overrides: { X },
        workgroups: [blocks, parts.count, samples],
      }),
      dispatch(groupNormMergeShader, {
        buffers: { partials, mean, rstd },
        params: { ...cut, channels, groups, eps },
        workgroups: [groups, samples, 1],
      }),
      dispatch(vector ? groupNormShader : groupNormScalarShader, {
        buffers: { x, gamma, beta, mean, rstd, y },
        params: each,
        workgroups: linearWorkgroups(each.count, WORKGROUP, target),
      }),
    ],
    workspace: partialBytes,
  };
};

export const lowerGroupNormBackward: WebgpuLower<GroupNormBackwardAttrs> = (node, target) => {
  const { groups } = node.attrs;
  const [x, dy, gamma, mean, rstd] = node.inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = node.outputs.map((value) => at(value));
  const shape = geometry(node.inputs[0], groups);
  const { vector, lanes, x: X, blocks, samples, channels, pixels, parts, cut, each, partialBytes } = shape;
  const partials = { ...at('workspace'), bytes: partialBytes };
  const means = at('workspace', partialBytes);
  return {
    calls: [
      dispatch(vector ? groupNormBackwardSumsShader : groupNormBackwardSumsScalarShader, {
        buffers: { x, dy, mean, rstd, partials },
        params: { ...cut, lanes, groups },
        overrides: { X },
        workgroups: [blocks, parts.count, samples],
      }),
      dispatch(channelSumsShader, {
        buffers: { partials, dgamma, dbeta },
        params: { channels, slabs: samples * parts.count },
        workgroups: linearWorkgroups(channels, WORKGROUP, target),
      }),
      dispatch(groupNormBackwardMergeShader, {
        buffers: { partials, gamma, means },
        params: { pixels, channels, slabs: parts.count, groups },
        workgroups: [groups, samples, 1],
      }),
      dispatch(vector ? groupNormBackwardShader : groupNormBackwardScalarShader, {
        buffers: { x, dy, gamma, mean, rstd, means, dx },
        params: each,
        workgroups: linearWorkgroups(each.count, WORKGROUP, target),
      }),
    ],
    workspace: partialBytes + samples * groups * 8,
  };
};
