import type { Conv2dBackwardInputAttrs } from '../../../ops/conv2d.js';
import { at, type KernelNode, type Lowering } from '../../device.js';
import { call, type WasmCall, type WasmKernel, type WasmTarget, withRole } from '../kernel.js';
import { imagesOf } from '../sections.js';
import { zerosFor } from './conv2d.js';
import { BAND_PIXEL, bandRowsFor } from './depthwise-conv2d.js';
import { packedBytes, packPanelsKernel } from './gemm.js';
import { geometryFields, isDepthwise } from './window.js';
import { align, Workspace } from './workspace.js';

export const depthwiseConv3x3BackwardInputKernel = {
  name: 'depthwiseConv3x3BackwardInput',
  fields: {
    dy: 'ptr',
    zeros: 'ptr',
    dx: 'ptr',
    scratch: 'ptr',
    scratchStride: 'i32',
    ...geometryFields,
    w: 'ptr',
    channels: 'i32',
    bandRows: 'i32',
    top: 'i32',
    left: 'i32',
    height: 'i32',
    width: 'i32',
  },
} as const satisfies WasmKernel;

/** True for the depthwise convolutions that halve a map, as every mobile network has them. */
export function isDepthwiseHalving(w: readonly number[], attrs: Conv2dBackwardInputAttrs): boolean {
  const { stride, dilation } = attrs;
  return isDepthwise(w, attrs) && w[2] === 3 && w[3] === 3 && [...stride, ...dilation].join() === '2,2,1,1';
}

/**
 * Cells of two input positions along one axis: cell j lies between dy[j] and dy[j + 1], and holds the positions
 * 2 j + 1 - padding (which tap 1 reaches) and 2 j + 2 - padding (taps 2 and 0).
 */
function cellsAlong(
  length: number,
  padding: number,
): { readonly first: number; readonly count: number; readonly start: number } {
  const first = Math.ceil((padding - 2) / 2);
  const last = Math.floor((length - 2 + padding) / 2);
  return { first, count: last - first + 1, start: 2 * first + 1 - padding };
}

/** All four phases in one pass over dy. */
export function lowerDepthwiseHalvingBackwardInput(
  { inputs: [dy, w], outputs: [dx], attrs }: KernelNode<Conv2dBackwardInputAttrs>,
  { threads }: WasmTarget,
): Lowering<WasmCall> {
  const [batch, channels, height, width] = dx.shape;
  const rows = cellsAlong(height, attrs.padding[0]);
  const columns = cellsAlong(width, attrs.padding[2]);
  const workspace = new Workspace();
  const pack = { groups: 1, n: channels, tapsH: 3, tapsW: 3, k: 1 };
  const packed = workspace.take(packedBytes(pack));
  const pitch = (columns.count + 1) * BAND_PIXEL;
  const bandRows = bandRowsFor(rows.count, pitch, 1, 1);
  const scratchStride = align((bandRows + 1) * pitch + bandRows * columns.count * 64);
  const packCall = call(packPanelsKernel, {
    x: at(w),
    y: packed,
    ...pack,
    groupStride: 0,
    nStride: 9,
    tapHStride: 3,
    tapWStride: 1,
    kStride: 1,
  });
  const compute = call(depthwiseConv3x3BackwardInputKernel, {
    dy: at(dy),
    zeros: at('constants'),
    dx: at(dx),
    scratch: workspace.take(scratchStride * threads),
    scratchStride,
    batch,
    inH: dy.shape[2],
    inW: dy.shape[3],
    xPixel: channels * 4,
    outH: rows.count,
    outW: columns.count,
    yBatch: height * width * channels * 4,
    yRow: width * channels * 4,
    yPixel: channels * 4,
    strideH: 1,
    strideW: 1,
    offsetH: rows.first,
    offsetW: columns.first,
    tapsH: 2,
    tapsW: 2,
    stepH: 1,
    stepW: 1,
    w: packed,
    channels,
    bandRows,
    top: rows.start,
    left: columns.start,
    height,
    width,
  });
  const calls = [withRole(packCall, 'before'), withRole(compute, imagesOf([dy, dx], rows.count, threads))];
  return { calls, workspace: workspace.bytes, constants: zerosFor(channels * 4) };
}
