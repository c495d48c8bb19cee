import { rangeStart, rangeEnd } from './range';
import { transpose4x4 } from './transpose4x4';

@unmanaged
class PackPanelsArgs {
  x: usize;
  y: usize;
  groups: i32;
  n: i32;
  tapsH: i32;
  tapsW: i32;
  k: i32;
  /** Strides of x in elements; the taps' may be negative. */
  groupStride: i32;
  nStride: i32;
  tapHStride: i32;
  tapWStride: i32;
  kStride: i32;
}

/**
 * Packs the right-hand side of a product into panels of 8 columns, zero-filled beyond n:
 *
 *   y[group][n / 8][tapH][tapW][k][n % 8] = x[group, n, tapH, tapW, k]
 */
export function packPanels(args: usize, thread: i32, threads: i32): void {
  const a = changetype<PackPanelsArgs>(args);
  const panels = (a.n + 7) >> 3;
  const taps = a.tapsH * a.tapsW;
  const units = a.groups * panels * taps;
  const k = a.k;
  const end = rangeEnd(units, thread, threads);
  for (let unit = rangeStart(units, thread, threads); unit < end; unit++) {
    const tap = unit % taps;
    const panel = (unit / taps) % panels;
    const group = unit / (taps * panels);
    const element =
      group * a.groupStride + panel * 8 * a.nStride + (tap / a.tapsW) * a.tapHStride + (tap % a.tapsW) * a.tapWStride;
    const x = a.x + (element << 2);
    const y = a.y + ((<usize>unit * k) << 5);
    const columns = min(8, a.n - panel * 8);
    if (columns == 8 && a.nStride == 1) packRows(x, y, k, a.kStride << 2);
    else if (columns == 8 && a.kStride == 1) packColumns(x, y, k, a.nStride << 2);
    else packAny(x, y, k, columns, a.nStride << 2, a.kStride << 2);
  }
}

/** The 8 columns are neighbours in x. */
function packRows(x: usize, y: usize, k: i32, kStride: usize): void {
  for (; k > 0; k--) {
    v128.store(y, v128.load(x));
    v128.store(y, v128.load(x, 16), 16);
    x += kStride;
    y += 32;
  }
}

/** Each column is contiguous in x: transposes 4x4 blocks. */
function packColumns(x: usize, y: usize, k: i32, nStride: usize): void {
  const right = x + (nStride << 2);
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    const offset = (<usize>i) << 2;
    transpose4x4(x + offset, nStride, y + ((<usize>i) << 5), 32);
    transpose4x4(right + offset, nStride, y + ((<usize>i) << 5) + 16, 32);
  }
  if (i < k) packAny(x + ((<usize>i) << 2), y + ((<usize>i) << 5), k - i, 8, nStride, 4);
}

function packAny(x: usize, y: usize, k: i32, columns: i32, nStride: usize, kStride: usize): void {
  for (; k > 0; k--) {
    let source = x;
    for (let c = 0; c < 8; c++) {
      store<f32>(y + ((<usize>c) << 2), c < columns ? load<f32>(source) : 0);
      source += nStride;
    }
    x += kStride;
    y += 32;
  }
}
