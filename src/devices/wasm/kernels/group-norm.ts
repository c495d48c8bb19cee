import type { GroupNormAttrs, GroupNormBackwardAttrs } from '../../../ops/group-norm.js';
import { at, type Value } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { channelSumsKernel } from './layer-norm.js';
import { channelLine, Workspace } from './workspace.js';

export const groupNormStatisticsKernel = {
  name: 'groupNormStatistics',
  fields: { x: 'ptr', partials: 'ptr', samples: 'i32', pixels: 'i32', channels: 'i32', chunkPixels: 'i32' },
} as const satisfies WasmKernel;

export const groupNormFinishKernel = {
  name: 'groupNormFinish',
  fields: {
    partials: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
    samples: 'i32',
    pixels: 'i32',
    channels: 'i32',
    chunkPixels: 'i32',
    groups: 'i32',
    eps: 'f32',
  },
} as const satisfies WasmKernel;

export const groupNormExpandKernel = {
  name: 'groupNormExpand',
  fields: {
    mean: 'ptr',
    rstd: 'ptr',
    gamma: 'ptr',
    channelwise: 'ptr',
    samples: 'i32',
    channels: 'i32',
    groups: 'i32',
  },
} as const satisfies WasmKernel;

export const groupNormApplyKernel = {
  name: 'groupNormApply',
  fields: { x: 'ptr', channelwise: 'ptr', beta: 'ptr', y: 'ptr', samples: 'i32', pixels: 'i32', channels: 'i32' },
} as const satisfies WasmKernel;

export const groupNormBackwardSumsKernel = {
  name: 'groupNormBackwardSums',
  fields: {
    x: 'ptr',
    dy: 'ptr',
    channelwise: 'ptr',
    partials: 'ptr',
    samples: 'i32',
    pixels: 'i32',
    channels: 'i32',
    chunkPixels: 'i32',
  },
} as const satisfies WasmKernel;

export const groupNormBackwardFinishKernel = {
  name: 'groupNormBackwardFinish',
  fields: {
    partials: 'ptr',
    gamma: 'ptr',
    rstd: 'ptr',
    shares: 'ptr',
    coefficients: 'ptr',
    samples: 'i32',
    pixels: 'i32',
    channels: 'i32',
    chunkPixels: 'i32',
    groups: 'i32',
  },
} as const satisfies WasmKernel;

export const groupNormBackwardApplyKernel = {
  name: 'groupNormBackwardApply',
  fields: {
    x: 'ptr',
    dy: 'ptr',
    channelwise: 'ptr',
    coefficients: 'ptr',
    dx: 'ptr',
    samples: 'i32',
    pixels: 'i32',
    channels: 'i32',
  },
} as const satisfies WasmKernel;

/** x as samples of pixels of channels; a sample is cut into chunks of about 64 KB, at most 64 of them. */
function geometry({ shape: [samples, channels, height, width] }: Value) {
  const pixels = height * width;
  const chunkPixels = Math.ceil(Math.max(16, 16384 / channels, pixels / 64));
  const chunks = Math.ceil(pixels / chunkPixels);
  return { chunks, line: channelLine(channels), sizes: { samples, pixels, channels }, chunkPixels };
}

export const lowerGroupNorm: WasmLower<GroupNormAttrs> = ({ inputs, outputs, attrs: { groups, eps } }) => {
  const [x, gamma, beta] = inputs.map((value) => at(value));
  const [y, mean, rstd] = outputs.map((value) => at(value));
  const { chunks, line, sizes, chunkPixels } = geometry(inputs[0]);
  const { samples, channels } = sizes;
  const workspace = new Workspace();
  const channelwise = workspace.take(samples * 2 * line);
  const partials = workspace.take(samples * chunks * 3 * line);
  return {
    workspace: workspace.bytes,
    calls: [
      call(groupNormStatisticsKernel, { x, partials, ...sizes, chunkPixels }),
      call(groupNormFinishKernel, { partials, mean, rstd, ...sizes, chunkPixels, groups, eps }),
      call(groupNormExpandKernel, { mean, rstd, gamma, channelwise, samples, channels, groups }),
      call(groupNormApplyKernel, { x, channelwise, beta, y, ...sizes }),
    ],
  };
};

export const lowerGroupNormBackward: WasmLower<GroupNormBackwardAttrs> = ({ inputs, outputs, attrs: { groups } }) => {
  const [x, dy, gamma, mean, rstd] = inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = outputs.map((value) => at(value));
  const { chunks, line, sizes, chunkPixels } = geometry(inputs[0]);
  const { samples, channels } = sizes;
  const workspace = new Workspace();
  const channelwise = workspace.take(samples * 2 * line);
  const partials = workspace.take(samples * chunks * 2 * line);
  const shares = workspace.take(samples * 2 * line);
  const coefficients = workspace.take(samples * 2 * line);
  return {
    workspace: workspace.bytes,
    calls: [
      call(groupNormExpandKernel, { mean, rstd, gamma, channelwise, samples, channels, groups }),
      call(groupNormBackwardSumsKernel, { x, dy, channelwise, partials, ...sizes, chunkPixels }),
      call(groupNormBackwardFinishKernel, {
        ...{ partials, gamma, rstd, shares, coefficients },
        ...{ ...sizes, chunkPixels, groups },
      }),
      call(channelSumsKernel, { partials: shares, first: dgamma, second: dbeta, channels, chunks: samples }),
      call(groupNormBackwardApplyKernel, { x, dy, channelwise, coefficients, dx, ...sizes }),
    ],
  };
};
