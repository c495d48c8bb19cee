import { type LayerNormAttrs, type LayerNormBackwardAttrs, layerNormAxis } from '../../../ops/layer-norm.js';
import { size } from '../../../tensor/shape.js';
import { at, type Value } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { channelLine, Workspace } from './workspace.js';

export const layerNormKernel = {
  name: 'layerNorm',
  fields: {
    x: 'ptr',
    gamma: 'ptr',
    beta: 'ptr',
    y: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
    rows: 'i32',
    channels: 'i32',
    eps: 'f32',
    ofDeviation: 'i32',
  },
} as const satisfies WasmKernel;

export const layerNormBackwardKernel = {
  name: 'layerNormBackward',
  fields: {
    x: 'ptr',
    dy: 'ptr',
    gamma: 'ptr',
    mean: 'ptr',
    rstd: 'ptr',
    dx: 'ptr',
    partials: 'ptr',
    rows: 'i32',
    channels: 'i32',
    chunkRows: 'i32',
    eps: 'f32',
    ofDeviation: 'i32',
  },
} as const satisfies WasmKernel;

export const channelSumsKernel = {
  name: 'channelSums',
  fields: { partials: 'ptr', first: 'ptr', second: 'ptr', channels: 'i32', chunks: 'i32' },
} as const satisfies WasmKernel;

/** x as rows of channels: those are the fast axis of every rank. */
function rowsOf(x: Value) {
  const channels = x.shape[layerNormAxis(x.shape.length)];
  return { channels, rows: size(x.shape) / channels };
}

export const lowerLayerNorm: WasmLower<LayerNormAttrs> = ({ inputs, outputs, attrs: { eps, epsilonOf } }) => {
  const [x, gamma, beta] = inputs.map((value) => at(value));
  const [y, mean, rstd] = outputs.map((value) => at(value));
  const ofDeviation = Number(epsilonOf === 'deviation');
  return { calls: [call(layerNormKernel, { x, gamma, beta, y, mean, rstd, ...rowsOf(inputs[0]), eps, ofDeviation })] };
};

export const lowerLayerNormBackward: WasmLower<LayerNormBackwardAttrs> = ({ inputs, outputs, attrs }) => {
  const [x, dy, gamma, mean, rstd] = inputs.map((value) => at(value));
  const [dx, dgamma, dbeta] = outputs.map((value) => at(value));
  const { rows, channels } = rowsOf(inputs[0]);
  // About 64 KB a chunk, at most 256 chunks: the order of the sums follows from the shape.
  const chunkRows = Math.ceil(Math.max(16, Math.min(512, 16384 / channels), rows / 256));
  const chunks = Math.ceil(rows / chunkRows);
  const workspace = new Workspace();
  const partials = workspace.take(chunks * 2 * channelLine(channels));
  const ofDeviation = Number(attrs.epsilonOf === 'deviation');
  return {
    workspace: workspace.bytes,
    calls: [
      call(layerNormBackwardKernel, {
        ...{ x, dy, gamma, mean, rstd, dx, partials },
        ...{ rows, channels, chunkRows, eps: attrs.eps, ofDeviation },
      }),
      call(channelSumsKernel, { partials, first: dgamma, second: dbeta, channels, chunks }),
    ],
  };
};
