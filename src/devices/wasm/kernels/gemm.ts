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
    slice: 'i32',
  },
} as const satisfies WasmKernel;

/** Zeros that take the place of an absent bias. */
export const NO_BIAS_BYTES = 32;

/** A panel of this many rows of b stays in the L1 cache. */
const MAX_SLICE = 640;
/** A right-hand side that stays in the L2 cache: then each tile of 4 rows meets all of it. */
const SMALL_B_BYTES = 384 << 10;
/** A larger one is read from beyond it, once for the packed rows of a block of tiles. */
const BLOCK_BYTES = 256 << 10;
const MIN_BLOCK_TILES = 8;
const MAX_BLOCK_TILES = 64;

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

/** How a product with right-hand sides of `bBytes` in all and `steps` rows is cut. */
export interface Blocking {
  readonly blockTiles: number;
  readonly slice: number;
  /** Bytes of scratch that the packed rows of a block take. */
  readonly packedBytes: number;
}

export function blocking(bBytes: number, steps: number): Blocking {
  const small = bBytes <= SMALL_B_BYTES;
  const fitting = Math.floor(BLOCK_BYTES / (16 * Math.max(1, steps)));
  const blockTiles = small ? 1 : Math.min(MAX_BLOCK_TILES, Math.max(MIN_BLOCK_TILES, fitting));
  const slices = small ? 1 : Math.ceil(steps / MAX_SLICE);
  const slice = Math.max(1, Math.ceil(steps / slices));
  return { blockTiles, slice, packedBytes: blockTiles * (16 * steps + 48) };
}

export function gemmCall(g: Gemm, workspace: Workspace, threads: number): WasmCall {
  const { blockTiles, slice, packedBytes: rowsBytes } = blocking(panelCount(g.n) * g.k * 32, g.k);
  const scratchStride = align(blockTiles * 2 * 16 + rowsBytes);
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
    blockTiles,
    slice,
  });
}
