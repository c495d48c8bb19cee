import type { Operand } from '../../device.js';
import { call, type WasmCall, type WasmKernel } from '../kernel.js';
import { align, type Workspace } from './workspace.js';

export const packPanelsKernel = {
  name: 'packPanels',
  fields: {
    x: 'ptr',
    y: 'ptr',
    groups: 'i32',
    n: 'i32',
    tapsH: 'i32',
    tapsW: 'i32',
    k: 'i32',
    groupStride: 'i32',
    nStride: 'i32',
    tapHStride: 'i32',
    tapWStride: 'i32',
    kStride: 'i32',
  },
} as const satisfies WasmKernel;

export const gemmKernel = {
  name: 'gemm',
  fields: {
    a: 'ptr',
    b: 'ptr',
    y: 'ptr',
    seed: 'ptr',
    biased: 'i32',
    scratch: 'ptr',
    scratchStride: 'i32',
    batch: 'i32',
    m: 'i32',
    n: 'i32',
    k: 'i32',
    blockTiles: 'i32',
    kSlice: 'i32',
  },
} as const satisfies WasmKernel;

/** Zeros that take the place of an absent bias. */
export const NO_BIAS_BYTES = 32;

/** A slice of k keeps a panel of b in the L1 cache. */
const MAX_K_SLICE = 640;
/** A right-hand side that fits in L1 next to a few rows of a: then each tile of a meets all of it. */
const SMALL_B_BYTES = 24 << 10;
const BLOCK_BYTES = 128 << 10;
const TABLE_BYTES = 32;

export interface Pack {
  readonly groups: number;
  readonly n: number;
  readonly tapsH: number;
  readonly tapsW: number;
  readonly k: number;
}

export const panelCount = (n: number): number => Math.ceil(n / 8);

/** Bytes of `pack` in panels of 8 columns. */
export const packedBytes = ({ groups, n, tapsH, tapsW, k }: Pack): number =>
  groups * panelCount(n) * tapsH * tapsW * k * 32;

export interface Gemm {
  readonly a: Operand;
  /** Packed panels. */
  readonly b: Operand;
  readonly y: Operand;
  readonly bias: Operand | null;
  readonly zeros: Operand;
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Tiles of 4 rows that go over the right-hand side together, so that their rows stay in the L2 cache. */
export function blockTiles(bBytes: number, rowBytes: number): number {
  if (bBytes <= SMALL_B_BYTES) return 1;
  return Math.min(64, Math.max(1, Math.floor(BLOCK_BYTES / (4 * rowBytes))));
}

export function gemmCall(g: Gemm, workspace: Workspace, threads: number): WasmCall {
  const slices = Math.max(1, Math.ceil(g.k / MAX_K_SLICE));
  const kSlice = Math.max(1, Math.ceil(g.k / slices));
  const tiles = blockTiles(panelCount(g.n) * g.k * 32, kSlice * 4);
  const scratchStride = align(tiles * TABLE_BYTES);
  return call(gemmKernel, {
    a: g.a,
    b: g.b,
    y: g.y,
    seed: g.bias ?? g.zeros,
    biased: g.bias ? 1 : 0,
    scratch: workspace.take(scratchStride * threads),
    scratchStride,
    batch: g.batch,
    m: g.m,
    n: g.n,
    k: g.k,
    blockTiles: tiles,
    kSlice,
  });
}
