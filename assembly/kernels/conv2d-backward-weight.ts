import { rangeStart, rangeEnd } from './range';
import { gatherWindows } from './gather';
import { storeColumns } from './tile';
import { Window, fillPositions } from './window';
import { slot } from './slot';

/** Starts like `Window`; its y is dy. */
@unmanaged
class Conv2dBackwardWeightArgs {
  x: usize;
  zeros: usize;
  dy: usize;
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
  /** Partial sums: [chunks][groups * n][taps][k]. */
  dw: usize;
  chunks: i32;
  groups: i32;
  /** Output channels of a group. */
  n: i32;
  /** Input channels of a group. */
  k: i32;
  /** Positions that share a pass over dw: few enough that 8 columns of x and 4 of dy stay in the L1 cache. */
  block: i32;
  /** Few channels: bytes of a row that holds the window of one position, or 0. */
  rowBytes: i32;
}

/**
 * dw[o][tap][i] = sum over positions of dy[position][o] * x[position + tap][i].
 *
 * The positions are cut into `chunks`, whose sums are merged afterwards; shapes alone decide how many. The work of a
 * thread is a range of (chunk, panel of 8 columns), a column being a (tap, i), so outputs are disjoint.
 */
export function conv2dBackwardWeight(args: usize, thread: i32, threads: i32): void {
  const g = changetype<Conv2dBackwardWeightArgs>(args);
  const panels = g.groups * groupPanels(g);
  let unit = rangeStart(g.chunks * panels, thread, threads);
  const end = rangeEnd(g.chunks * panels, thread, threads);
  while (unit < end) {
    const chunk = unit / panels;
    const stop = min(end, (chunk + 1) * panels);
    sumChunk(g, g.scratch + <usize>g.scratchStride * slot(), chunk, unit - chunk * panels, stop - chunk * panels);
    unit = stop;
  }
}

// @ts-ignore: decorator
@inline
function groupPanels(g: Conv2dBackwardWeightArgs): i32 {
  const taps = g.tapsH * g.tapsW;
  return g.rowBytes > 0 ? (taps * g.k + 7) >> 3 : taps * ((g.k + 7) >> 3);
}

/** Each output position sees the input pixel of the same place, and no other. */
// @ts-ignore: decorator
@inline
function isPointwise(g: Conv2dBackwardWeightArgs): bool {
  const aligned = (g.offsetH | g.offsetW) == 0 && g.strideH == 1 && g.strideW == 1;
  return aligned && g.tapsH * g.tapsW == 1 && g.inH == g.outH && g.inW == g.outW;
}

function sumChunk(g: Conv2dBackwardWeightArgs, table: usize, chunk: i32, panelStart: i32, panelEnd: i32): void {
  const perGroup = groupPanels(g);
  const positions = g.batch * g.outH * g.outW;
  const dw = g.dw + ((<usize>chunk * g.groups * g.n * g.tapsH * g.tapsW * g.k) << 2);
  const tabled = g.rowBytes == 0 && !isPointwise(g);
  const first = rangeStart(positions, chunk, g.chunks);
  const last = rangeEnd(positions, chunk, g.chunks);
  for (let position = first; position < last; position += g.block) {
    const count = min(g.block, last - position);
    if (tabled) fillPositions(changetype<Window>(g), table, position, count, entryBytes(g));
    let panel = panelStart;
    while (panel < panelEnd) {
      const group = panel / perGroup;
      const stop = min(panelEnd, (group + 1) * perGroup);
      if (g.rowBytes > 0) {
        const kBytes = (<usize>g.k) << 2;
        gatherWindows(
          changetype<Window>(g),
          position,
          count,
          kBytes,
          <usize>group * kBytes,
          rowsOf(g, table),
          g.rowBytes,
        );
      }
      for (; panel < stop; panel++) {
        sumPanel(g, table, position, count, group, panel - group * perGroup, dw, position > first);
      }
    }
  }
}

// Scratch: the pointer tables of a block, 8 packed columns of x, then the rows of copied windows.

// @ts-ignore: decorator
@inline
function entryBytes(g: Conv2dBackwardWeightArgs): usize {
  return (<usize>(g.tapsH * g.tapsW + 1)) << 2;
}

// @ts-ignore: decorator
@inline
function packedOf(g: Conv2dBackwardWeightArgs, table: usize): usize {
  return (table + <usize>g.block * entryBytes(g) + 63) & ~(<usize>63);
}

// @ts-ignore: decorator
@inline
function rowsOf(g: Conv2dBackwardWeightArgs, table: usize): usize {
  return packedOf(g, table) + ((<usize>g.block) << 5);
}

/** So few output channels that packing 8 columns of x costs more than reading them where they are. */
const FEW_CHANNELS: i32 = 32;

/** All output channels of a group for 8 columns of dw. */
function sumPanel(
  g: Conv2dBackwardWeightArgs,
  table: usize,
  position: i32,
  count: i32,
  group: i32,
  panel: i32,
  dw: usize,
  add: bool,
): void {
  const taps = g.tapsH * g.tapsW;
  const packed = packedOf(g, table);
  let column = panel << 3;
  let columns = taps * g.k - column;
  let x = packed;
  let xStride: usize = 32;
  if (g.rowBytes > 0) {
    x = rowsOf(g, table) + ((<usize>panel) << 5);
    xStride = g.rowBytes;
  } else if (isPointwise(g)) {
    x = g.x + <usize>position * g.xPixel + ((<usize>(group * g.k + column)) << 2);
    xStride = g.xPixel;
  } else {
    const tapPanels = (g.k + 7) >> 3;
    const tap = panel / tapPanels;
    const channel = (panel - tap * tapPanels) << 3;
    column = tap * g.k + channel;
    columns = g.k - channel;
    packX(table + ((<usize>(tap + 1)) << 2), entryBytes(g), count, (<usize>(group * g.k + channel)) << 2, packed);
  }
  if (x != packed && g.n > FEW_CHANNELS) {
    packRows(x, xStride, count, packed);
    x = packed;
    xStride = 32;
  }
  const rowStride = (<usize>(taps * g.k)) << 2;
  let y = dw + <usize>(group * g.n) * rowStride + ((<usize>column) << 2);
  let dy = g.dy + <usize>position * g.yPixel + ((<usize>(group * g.n)) << 2);
  for (let o = 0; o < g.n; o += 4) {
    weightTile4x8(dy, g.yPixel, x, xStride, count, y, rowStride, g.n - o, columns, add);
    dy += 16;
    y += rowStride << 2;
  }
}

function packX(table: usize, entryBytes: usize, count: i32, shift: usize, y: usize): void {
  for (; count > 0; count--) {
    const x = load<usize>(table) + shift;
    v128.store(y, v128.load(x));
    v128.store(y, v128.load(x, 16), 16);
    table += entryBytes;
    y += 32;
  }
}

function packRows(x: usize, xStride: usize, count: i32, y: usize): void {
  for (; count > 0; count--) {
    v128.store(y, v128.load(x));
    v128.store(y, v128.load(x, 16), 16);
    x += xStride;
    y += 32;
  }
}

// @ts-ignore: decorator
@inline
function madd(c: v128, a: v128, b: v128): v128 {
  return f32x4.add(c, f32x4.mul(a, b));
}

/** y[r][c] (+)= sum over positions p of a[p][r] * b[p][c], rows of a and b being strides apart. */
function weightTile4x8(
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  count: i32,
  y: usize,
  yStride: usize,
  rows: i32,
  columns: i32,
  add: bool,
): void {
  const y1 = y + yStride;
  const y2 = y1 + yStride;
  const y3 = y2 + yStride;
  const zero = f32x4.splat(0);
  let c00 = zero;
  let c01 = zero;
  let c10 = zero;
  let c11 = zero;
  let c20 = zero;
  let c21 = zero;
  let c30 = zero;
  let c31 = zero;
  for (const end = b + <usize>count * bStride; b < end; ) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = madd(c00, s, b0);
    c01 = madd(c01, s, b1);
    s = v128.load32_splat(a, 4);
    c10 = madd(c10, s, b0);
    c11 = madd(c11, s, b1);
    s = v128.load32_splat(a, 8);
    c20 = madd(c20, s, b0);
    c21 = madd(c21, s, b1);
    s = v128.load32_splat(a, 12);
    c30 = madd(c30, s, b0);
    c31 = madd(c31, s, b1);
    a += aStride;
    b += bStride;
  }
  put(y, c00, c01, columns, add);
  if (rows > 1) put(y1, c10, c11, columns, add);
  if (rows > 2) put(y2, c20, c21, columns, add);
  if (rows > 3) put(y3, c30, c31, columns, add);
}

function put(y: usize, low: v128, high: v128, columns: i32, add: bool): void {
  if (add) {
    low = f32x4.add(low, v128.load(y));
    high = f32x4.add(high, v128.load(y, 16));
  }
  storeColumns(y, low, high, columns);
}
