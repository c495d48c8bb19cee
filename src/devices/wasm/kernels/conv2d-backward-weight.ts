import type { Conv2dBackwardWeightAttrs } from '../../../ops/conv2d.js';
import { at, type KernelNode, type Lowering } from '../../device.js';
import { call, type WasmCall, type WasmKernel, type WasmLower, type WasmTarget, withRole } from '../kernel.js';
import { imagesOf } from '../sections.js';
import { gatheredRowBytes, zerosFor } from './conv2d.js';
import { bandOf } from './depthwise-conv2d.js';
import { forwardGeometry, geometryFields, isDepthwise } from './window.js';
import { align, Workspace } from './workspace.js';

export const conv2dBackwardWeightKernel = {
  name: 'conv2dBackwardWeight',
  fields: {
    x: 'ptr',
    zeros: 'ptr',
    dy: 'ptr',
    scratch: 'ptr',
    scratchStride: 'i32',
    ...geometryFields,
    dw: 'ptr',
    chunks: 'i32',
    groups: 'i32',
    n: 'i32',
    k: 'i32',
    block: 'i32',
    rowBytes: 'i32',
  },
} as const satisfies WasmKernel;

export const depthwiseConv2dBackwardWeightKernel = {
  name: 'depthwiseConv2dBackwardWeight',
  fields: {
    x: 'ptr',
    zeros: 'ptr',
    dy: 'ptr',
    scratch: 'ptr',
    scratchStride: 'i32',
    ...geometryFields,
    partials: 'ptr',
    chunks: 'i32',
    channels: 'i32',
    block: 'i32',
  },
} as const satisfies WasmKernel;

export const depthwiseConv3x3BackwardWeightKernel = {
  name: 'depthwiseConv3x3BackwardWeight',
  fields: {
    x: 'ptr',
    zeros: 'ptr',
    dy: 'ptr',
    scratch: 'ptr',
    scratchStride: 'i32',
    ...geometryFields,
    partials: 'ptr',
    chunks: 'i32',
    channels: 'i32',
    bandRows: 'i32',
  },
} as const satisfies WasmKernel;

export const sumPartialsKernel = {
  name: 'sumPartials',
  fields: { x: 'ptr', y: 'ptr', count: 'i32', partials: 'i32' },
} as const satisfies WasmKernel;

export const mergeDepthwiseWeightKernel = {
  name: 'mergeDepthwiseWeight',
  fields: { partials: 'ptr', dw: 'ptr', chunks: 'i32', channels: 'i32', taps: 'i32' },
} as const satisfies WasmKernel;

/** Panels of dw times chunks of positions: enough work to share out, whatever the pool. */
const WORK_UNITS = 32;
const MAX_CHUNKS = 32;
/** A chunk shorter than this is not worth a partial sum. */
const MIN_CHUNK = 256;
/** Positions that share a pass over dw: 8 columns of x and 4 of dy stay in the L1 cache. */
const BLOCK = 256;
/** The same for copied windows, whose rows are longer. */
const ROWS_BYTES = 24 << 10;
/** Depthwise: positions of a chunk, at least. */
const MIN_DEPTHWISE_CHUNK = 64;
/** Depthwise: so few that the rows of a block stay in L1 while the channels go by. */
const DEPTHWISE_BLOCK = 16;
/** Depthwise: taps that a round keeps in registers, as in the kernel. */
const DEPTHWISE_ROUND = 9;

/** Tensors and partial sums of images of this size are worth a chunk, or several, for every image. */
const LARGE_TENSOR_BYTES = 1536 << 10;
const MAX_IMAGE_PARTIALS_BYTES = 1 << 20;

/** At least the wanted chunks, in whole numbers an image where that is cheap: so that sections can take them along. */
function imageChunks(wanted: number, batch: number, units: number, tensorBytes: number, dwBytes: number): number {
  const chunks = Math.ceil(wanted / batch) * batch;
  const cheap = tensorBytes >= LARGE_TENSOR_BYTES && chunks * dwBytes <= MAX_IMAGE_PARTIALS_BYTES;
  return batch > 1 && cheap && chunks <= units ? chunks : wanted;
}

export const lowerConv2dBackwardWeight: WasmLower<Conv2dBackwardWeightAttrs> = (node, target) =>
  isDepthwise(node.attrs.weightShape, node.attrs) ? depthwise(node, target) : dense(node, target);

function dense(
  { inputs: [x, dy], outputs: [dw], attrs }: KernelNode<Conv2dBackwardWeightAttrs>,
  { threads }: WasmTarget,
): Lowering<WasmCall> {
  const [outChannels, k, tapsH, tapsW] = dw.shape;
  const taps = tapsH * tapsW;
  const n = outChannels / attrs.groups;
  const geometry = forwardGeometry(x, dy, dw, attrs);
  const positions = geometry.batch * geometry.outH * geometry.outW;
  const rowBytes = gatheredRowBytes(taps, k);
  const panels = attrs.groups * (rowBytes > 0 ? Math.ceil((taps * k) / 8) : taps * Math.ceil(k / 8));
  const wanted = Math.max(1, Math.min(MAX_CHUNKS, Math.ceil(WORK_UNITS / panels), Math.floor(positions / MIN_CHUNK)));
  const chunks = imageChunks(wanted, geometry.batch, positions, Math.max(x.bytes, dy.bytes), dw.bytes);

  const block = Math.min(rowBytes > 0 ? Math.ceil(ROWS_BYTES / rowBytes) : BLOCK, positions);
  const scratchStride = align(block * (4 * (taps + 1) + 32 + rowBytes)) + 128;
  const workspace = new Workspace();
  const partials = chunks > 1 ? workspace.take(chunks * dw.bytes) : at(dw);
  const role = chunks % geometry.batch === 0 ? imagesOf([x, dy], 1, threads) : undefined;
  const sum = call(conv2dBackwardWeightKernel, {
    x: at(x),
    zeros: at('constants'),
    dy: at(dy),
    scratch: workspace.take(scratchStride * threads),
    scratchStride,
    ...geometry,
    dw: partials,
    chunks,
    groups: attrs.groups,
    n,
    k,
    block,
    rowBytes,
  });
  const calls = [withRole(sum, role)];
  if (chunks > 1) {
    const merge = call(sumPartialsKernel, { x: partials, y: at(dw), count: dw.bytes / 4, partials: chunks });
    calls.push(withRole(merge, 'after'));
  }
  return { calls, workspace: workspace.bytes, constants: zerosFor(geometry.xPixel) };
}

function depthwise(
  { inputs: [x, dy], outputs: [dw], attrs }: KernelNode<Conv2dBackwardWeightAttrs>,
  { threads }: WasmTarget,
): Lowering<WasmCall> {
  const [channels, , tapsH, tapsW] = dw.shape;
  const taps = tapsH * tapsW;
  const geometry = forwardGeometry(x, dy, dw, attrs);
  const rows = geometry.batch * geometry.outH;
  const band = bandOf(geometry);
  const positions = rows * geometry.outW;
  const wanted = Math.max(1, Math.min(MAX_CHUNKS, rows, Math.floor(positions / MIN_DEPTHWISE_CHUNK)));
  const chunks = imageChunks(wanted, geometry.batch, band ? rows : positions, x.bytes, dw.bytes);
  const slots = Math.ceil(taps / DEPTHWISE_ROUND) * DEPTHWISE_ROUND;
  const role = chunks % geometry.batch === 0 ? imagesOf([x, dy], 1, threads) : undefined;
  const workspace = new Workspace();
  const partials = workspace.take(chunks * Math.ceil(channels / 8) * slots * 32);
  const operands = { x: at(x), zeros: at('constants'), dy: at(dy), ...geometry, partials, chunks, channels };
  const scratchStride = band ? band.bytes : align(DEPTHWISE_BLOCK * (slots + 1) * 4);
  const scratch = { scratch: workspace.take(scratchStride * threads), scratchStride };
  const sum = band
    ? call(depthwiseConv3x3BackwardWeightKernel, { ...operands, ...scratch, bandRows: band.rows })
    : call(depthwiseConv2dBackwardWeightKernel, { ...operands, ...scratch, block: DEPTHWISE_BLOCK });
  const merge = call(mergeDepthwiseWeightKernel, { partials, dw: at(dw), chunks, channels, taps });
  const calls = [withRole(sum, role), withRole(merge, 'after')];
  return { calls, workspace: workspace.bytes, constants: zerosFor(geometry.xPixel) };
}
