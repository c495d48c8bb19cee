import type { Conv2dAttrs } from '../../../ops/conv2d.js';
import { at, type Operand } from '../../device.js';
import { call, type WasmCall, type WasmKernel, type WasmLower, withRole } from '../kernel.js';
import { imagesOf } from '../sections.js';
import { bandOf, depthwiseCall } from './depthwise-conv2d.js';
import { blocking, gemmCall, packedBytes, packPanelsKernel, panelCount } from './gemm.js';
import { forwardGeometry, type Geometry, geometryFields, isDepthwise, isPointwise } from './window.js';
import { align, Workspace } from './workspace.js';

export const conv2dKernel = {
  name: 'conv2d',
  fields: {
    x: 'ptr',
    zeros: 'ptr',
    y: 'ptr',
    scratch: 'ptr',
    scratchStride: 'i32',
    ...geometryFields,
    w: 'ptr',
    seed: 'ptr',
    biased: 'i32',
    groups: 'i32',
    n: 'i32',
    k: 'i32',
    blockTiles: 'i32',
    slice: 'i32',
    rowBytes: 'i32',
  },
} as const satisfies WasmKernel;

/** Below this many channels, windows are copied into rows: a tap is too short a loop. */
const FEW_CHANNELS = 8;

/** Windows are copied so far ahead of their use that no load waits for a store. */
const GATHERED_TILES = 16;

export interface WindowProduct {
  readonly x: Operand;
  readonly y: Operand;
  /** Packed panels. */
  readonly w: Operand;
  readonly bias: Operand | null;
  readonly geometry: Geometry;
  readonly groups: number;
  /** Output and input channels of a group. */
  readonly n: number;
  readonly k: number;
}

/** Bytes of a row that holds the whole window of one position, for few channels; otherwise 0. */
export function gatheredRowBytes(taps: number, k: number): number {
  return taps > 1 && k < FEW_CHANNELS ? Math.ceil((taps * k + 3) / 4) * 16 : 0;
}

/** Zeros that stand for padding, and for an absent bias. */
export const zerosFor = (pixelBytes: number): Uint8Array => new Uint8Array(pixelBytes + 64);

/** The window product itself; `constants` must hold `zerosFor(geometry.xPixel)`. */
export function windowProductCall(p: WindowProduct, workspace: Workspace, threads: number): WasmCall {
  const taps = p.geometry.tapsH * p.geometry.tapsW;
  const rowBytes = gatheredRowBytes(taps, p.k);
  const steps = taps * p.k;
  const blocks = blocking(panelCount(p.n) * steps * 32, steps);
  const blockTiles = rowBytes > 0 ? GATHERED_TILES : blocks.blockTiles;
  const tableBytes = (rowBytes > 0 ? 2 : taps + 1) * 16;
  const scratchStride = align(blockTiles * (tableBytes + 16 * steps + 48 + 4 * rowBytes) + 64);
  return call(conv2dKernel, {
    x: p.x,
    zeros: at('constants'),
    y: p.y,
    scratch: workspace.take(scratchStride * threads),
    scratchStride,
    ...p.geometry,
    w: p.w,
    seed: p.bias ?? at('constants'),
    biased: p.bias ? 1 : 0,
    groups: p.groups,
    n: p.n,
    k: p.k,
    blockTiles,
    slice: blocks.slice,
    rowBytes,
  });
}

/** Packs the weights (O,kH,kW,I in memory), then multiplies: pointwise, depthwise or over windows. */
export const lowerConv2d: WasmLower<Conv2dAttrs> = ({ inputs: [x, w, bias], outputs: [y], attrs }, { threads }) => {
  const [outChannels, k, tapsH, tapsW] = w.shape;
  const taps = tapsH * tapsW;
  const workspace = new Workspace();
  const depthwise = isDepthwise(w.shape, attrs);
  const n = outChannels / attrs.groups;
  const pack = depthwise
    ? { groups: 1, n: outChannels, tapsH, tapsW, k: 1 }
    : { groups: attrs.groups, n, tapsH, tapsW, k };
  const packed = workspace.take(packedBytes(pack));
  const packCall = call(packPanelsKernel, {
    x: at(w),
    y: packed,
    ...pack,
    groupStride: n * taps * k,
    nStride: taps * k,
    tapHStride: tapsW * k,
    tapWStride: k,
    kStride: 1,
  });

  const geometry = forwardGeometry(x, y, w, attrs);
  const operands = { y: at(y), bias: bias ? at(bias) : null };
  const product = { ...operands, x: at(x), w: packed, geometry, groups: attrs.groups, n, k };
  let compute: WasmCall;
  if (depthwise) compute = depthwiseCall(product, workspace, threads);
  else if (isPointwise(w.shape, attrs)) {
    const m = geometry.batch * geometry.outH * geometry.outW;
    const matrices = { ...operands, a: at(x), b: packed, zeros: at('constants'), batch: 1, m, n, k };
    compute = gemmCall(matrices, workspace, threads);
  } else compute = windowProductCall(product, workspace, threads);
  const units = depthwise && bandOf(geometry) ? geometry.outH : (geometry.outH * geometry.outW) / 4;
  const calls = [withRole(packCall, 'before'), withRole(compute, imagesOf([x, y], units, threads))];
  return { calls, workspace: workspace.bytes, constants: zerosFor(geometry.xPixel) };
};
