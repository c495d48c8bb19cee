import { rangeStart, rangeEnd } from './range';
import { depthwiseTile4x8, multiplyTiles, packTile, packedTileBytes, tableBytes } from './tile';
import { gatherWindows } from './gather';
import { Window, fillOutputs, fillTables } from './window';
import { slot } from './slot';

/** Starts like `Window`. */
@unmanaged
class Conv2dArgs {
  x: usize;
  zeros: usize;
  y: usize;
  scratch: usize;
  scratchStride: i32;
  batch: i32;
  inH: i32;
  inW: i32;
  xPixel: i32;
  outH: i32;
  outW: i32;
  yBatch: i32;
  yRow: i32;
  yPixel: i32;
  strideH: i32;
  strideW: i32;
  offsetH: i32;
  offsetW: i32;
  tapsH: i32;
  tapsW: i32;
  stepH: i32;
  stepW: i32;
  /** Packed by packPanels: [groups][n / 8][taps][k][8]. */
  w: usize;
  /** The bias, or zeros when `biased` is 0. */
  seed: usize;
  biased: i32;
  groups: i32;
  /** Output channels of a group. */
  n: i32;
  /** Input channels of a group. */
  k: i32;
  /** Tiles of 4 positions that share a pass over w. */
  blockTiles: i32;
  /** Steps (tap, k) that are summed in registers; later slices add to y. */
  slice: i32;
  /** 1: copy the window of each position into one row first, for few channels. Bytes of that row, or 0. */
  rowBytes: i32;
}

/**
 * Convolution as an implicit matrix product: y[position][o] = sum over taps and k of x[position + tap][k] w[tap][k][o].
 * Also the input gradient, whose windows slide over dy.
 */
export function conv2d(args: usize, thread: i32, threads: i32): void {
  const g = changetype<Conv2dArgs>(args);
  const window = changetype<Window>(args);
  const tiles = (g.batch * g.outH * g.outW + 3) >> 2;
  const panels = (g.n + 7) >> 3;
  const allPanels = g.groups * panels;
  // Few positions: share out the columns instead. Either way each number is summed in the same order.
  const byTiles = tiles >= threads;
  const end = byTiles ? rangeEnd(tiles, thread, threads) : tiles;
  const panelStart = byTiles ? 0 : rangeStart(allPanels, thread, threads);
  const panelEnd = byTiles ? allPanels : rangeEnd(allPanels, thread, threads);
  const table = g.scratch + <usize>g.scratchStride * slot();
  for (let tile = byTiles ? rangeStart(tiles, thread, threads) : 0; tile < end; tile += g.blockTiles) {
    const count = min(g.blockTiles, end - tile);
    if (g.rowBytes > 0) fillOutputs(window, table, tile, count);
    else fillTables(window, table, tile, count);
    let panel = panelStart;
    while (panel < panelEnd) {
      const group = panel / panels;
      const stop = min(panelEnd, (group + 1) * panels);
      multiplyGroup(g, table, tile, count, group, panel - group * panels, stop - panel);
      panel = stop;
    }
  }
}

/** Panels of one group for a block of tiles. */
function multiplyGroup(g: Conv2dArgs, table: usize, first: i32, count: i32, group: i32, panel: i32, panels: i32): void {
  const taps = g.tapsH * g.tapsW;
  const steps = taps * g.k;
  const gathered = g.rowBytes > 0;
  const stride = tableBytes(gathered ? 1 : taps);
  const packed = table + <usize>g.blockTiles * stride;
  if (gathered) gather(g, table, packed + <usize>g.blockTiles * packedTileBytes(steps), first, count, group);
  for (let tile = 0; tile < count; tile++) {
    const to = packed + <usize>tile * packedTileBytes(steps);
    if (gathered) packTile(table + <usize>tile * stride, 1, steps, 0, to);
    else packTile(table + <usize>tile * stride, taps, g.k, (<usize>(group * g.k)) << 2, to);
  }
  const allPanels = (g.n + 7) >> 3;
  multiplyTiles(
    table,
    stride,
    packed,
    count,
    steps,
    g.slice,
    g.w + ((<usize>(group * allPanels + panel) * steps) << 5),
    panels,
    g.seed,
    g.biased != 0,
    (<usize>(group * g.n + (panel << 3))) << 2,
    g.n - (panel << 3),
  );
}

/** Copies the windows of a block into rows of taps * k numbers, which the tables then point at: one tap. */
function gather(g: Conv2dArgs, table: usize, rows: usize, first: i32, count: i32, group: i32): void {
  const kBytes = (<usize>g.k) << 2;
  for (let i = 0; i < count << 2; i++) {
    const entry = table + <usize>(i >> 2) * tableBytes(1) + ((<usize>(i & 3)) << 2);
    store<usize>(entry, rows + <usize>i * g.rowBytes, 16);
  }
  gatherWindows(changetype<Window>(g), first << 2, count << 2, kBytes, <usize>group * kBytes, rows, g.rowBytes);
}

/** Starts like `Window`. */
@unmanaged
class DepthwiseConv2dArgs {
  x: usize;
  zeros: usize;
  y: usize;
  scratch: usize;
  scratchStride: i32;
  batch: i32;
  inH: i32;
  inW: i32;
  xPixel: i32;
  outH: i32;
  outW: i32;
  yBatch: i32;
  yRow: i32;
  yPixel: i32;
  strideH: i32;
  strideW: i32;
  offsetH: i32;
  offsetW: i32;
  tapsH: i32;
  tapsW: i32;
  stepH: i32;
  stepW: i32;
  /** Packed by packPanels: [channels / 8][taps][8]. */
  w: usize;
  /** The bias, or zeros when `biased` is 0. */
  seed: usize;
  biased: i32;
  channels: i32;
}

/** One filter a channel: y[position][c] = sum over taps of x[position + tap][c] w[tap][c]. Also its input gradient. */
export function depthwiseConv2d(args: usize, thread: i32, threads: i32): void {
  const g = changetype<DepthwiseConv2dArgs>(args);
  const taps = g.tapsH * g.tapsW;
  const tiles = (g.batch * g.outH * g.outW + 3) >> 2;
  const end = rangeEnd(tiles, thread, threads);
  const table = g.scratch + <usize>g.scratchStride * slot();
  for (let tile = rangeStart(tiles, thread, threads); tile < end; tile++) {
    fillTables(changetype<Window>(args), table, tile, 1);
    let w = g.w;
    for (let c = 0; c < g.channels; c += 8) {
      const column = (<usize>c) << 2;
      depthwiseTile4x8(table, taps, w, g.biased ? g.seed + column : g.seed, column, g.channels - c);
      w += (<usize>taps) << 5;
    }
  }
}
