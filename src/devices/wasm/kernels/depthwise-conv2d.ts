import { at } from '../../device.js';
import { call, type WasmCall, type WasmKernel } from '../kernel.js';
import type { WindowProduct } from './conv2d.js';
import { type Geometry, geometryFields } from './window.js';
import { align, type Workspace } from './workspace.js';

export const depthwiseConv2dKernel = {
  name: 'depthwiseConv2d',
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
    channels: 'i32',
  },
} as const satisfies WasmKernel;

export const depthwiseConv3x3Kernel = {
  name: 'depthwiseConv3x3',
  fields: { ...depthwiseConv2dKernel.fields, bandRows: 'i32' },
} as const satisfies WasmKernel;

/** A band of input rows, 16 channels of it, should stay in the L1 cache. */
const BAND_BYTES = 32 << 10;
/** Bytes of a pixel of a band. */
export const BAND_PIXEL = 64;
/** Fewer rows would be copied too often: neighbouring bands share two. */
const MIN_BAND_ROWS = 4;

/** Output rows that a band of input rows should serve. */
export function bandRowsFor(outH: number, pitch: number, stride: number, overlap: number): number {
  const fitting = Math.floor((BAND_BYTES / pitch - overlap) / stride);
  return Math.min(outH, Math.max(MIN_BAND_ROWS, fitting));
}

/** Output rows of a band and the scratch it takes, for windows that the 3x3 kernels can slide; else null. */
export function bandOf(g: Geometry): { readonly rows: number; readonly bytes: number } | null {
  if (g.tapsH !== 3 || g.tapsW !== 3 || g.stepH !== 1 || g.stepW !== 1) return null;
  const pitch = ((g.outW - 1) * g.strideW + 3) * BAND_PIXEL;
  const rows = bandRowsFor(g.outH, pitch, g.strideH, 2);
  const tailBytes = rows * g.outW * 16;
  return { rows, bytes: align(((rows - 1) * g.strideH + 3) * pitch + tailBytes) };
}

export function depthwiseCall(p: WindowProduct, workspace: Workspace, threads: number): WasmCall {
  const band = bandOf(p.geometry);
  const scratchStride = band ? band.bytes : align((p.geometry.tapsH * p.geometry.tapsW + 1) * 16);
  const args = {
    x: p.x,
    zeros: at('constants'),
    y: p.y,
    scratch: workspace.take(scratchStride * threads),
    scratchStride,
    ...p.geometry,
    w: p.w,
    seed: p.bias ?? at('constants'),
    biased: p.bias ? 1 : 0,
    channels: p.groups,
  };
  return band ? call(depthwiseConv3x3Kernel, { ...args, bandRows: band.rows }) : call(depthwiseConv2dKernel, args);
}
