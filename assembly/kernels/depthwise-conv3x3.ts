import { rangeStart, rangeEnd } from './range';
import { BAND_PIXEL, fillBand } from './band';
import { storeColumns } from './tile';
import { touch } from './touch';
import { Window } from './window';
import { slot } from './slot';

/** Starts like `Window`; 3x3 taps, no dilation. */
@unmanaged
class DepthwiseConv3x3Args {
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
  /** Packed by packPanels: [channels / 8][9][8]. */
  w: usize;
  /** The bias, or zeros when `biased` is 0. */
  seed: usize;
  biased: i32;
  channels: i32;
  /** Output rows of a band. */
  bandRows: i32;
}

/** y[position][c] = sum over 9 taps of x[position + tap][c] w[tap][c], with the filter in registers. */
export function depthwiseConv3x3(args: usize, thread: i32, threads: i32): void {
  const g = changetype<DepthwiseConv3x3Args>(args);
  const columns = (g.outW - 1) * g.strideW + 3;
  const maxRows = (g.bandRows - 1) * g.strideH + 3;
  const band = g.scratch + <usize>g.scratchStride * slot();
  const tail = band + <usize>(maxRows * columns) * BAND_PIXEL;
  const end = rangeEnd(g.batch * g.outH, thread, threads);
  let row = rangeStart(g.batch * g.outH, thread, threads);
  while (row < end) {
    const n = row / g.outH;
    const oy = row - n * g.outH;
    const rows = min(min(g.bandRows, g.outH - oy), end - row);
    const y = g.y + <usize>n * g.yBatch + <usize>oy * g.yRow;
    const top = oy * g.strideH + g.offsetH;
    touch(y, <usize>((rows - 1) * g.yRow + g.outW * g.yPixel));
    for (let c = 0; c < g.channels; c += 16) {
      const window = changetype<Window>(args);
      fillBand(window, n, top, (rows - 1) * g.strideH + 3, g.offsetW, columns, c, band);
      for (let quad = c; quad < min(c + 16, g.channels); quad += 4) {
        const x = band + ((<usize>(quad - c)) << 2);
        const w = g.w + <usize>(quad >> 3) * (9 << 5) + ((<usize>(quad & 4)) << 2);
        const column = (<usize>quad) << 2;
        const seed = g.biased ? g.seed + column : g.seed;
        const pitch = <usize>columns * BAND_PIXEL;
        const width = g.channels - quad;
        if (width >= 4) {
          slide(x, pitch, g.strideH, g.strideW, w, seed, y + column, g.yRow, g.yPixel, rows, g.outW);
        } else {
          slide(x, pitch, g.strideH, g.strideW, w, seed, tail, g.outW << 4, 16, rows, g.outW);
          copyTail(tail, y + column, g.yRow, g.yPixel, rows, g.outW, width);
        }
      }
    }
    row += rows;
  }
}

function copyTail(x: usize, y: usize, yRow: usize, yPixel: usize, rows: i32, columns: i32, width: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const s = v128.load(x);
      storeColumns(y + <usize>row * yRow + <usize>column * yPixel, s, s, width);
      x += 16;
    }
  }
}

// @ts-ignore: decorator
@inline
function madd(c: v128, a: v128, b: v128): v128 {
  return f32x4.add(c, f32x4.mul(a, b));
}

/** 4 channels of `rows` x `columns` outputs from a band whose rows are `pitch` bytes apart. */
function slide(
  x: usize,
  pitch: usize,
  strideH: i32,
  strideW: i32,
  w: usize,
  seed: usize,
  y: usize,
  yRow: usize,
  yPixel: usize,
  rows: i32,
  columns: i32,
): void {
  const bias = v128.load(seed);
  const w0 = v128.load(w);
  const w1 = v128.load(w, 32);
  const w2 = v128.load(w, 64);
  const w3 = v128.load(w, 96);
  const w4 = v128.load(w, 128);
  const w5 = v128.load(w, 160);
  const w6 = v128.load(w, 192);
  const w7 = v128.load(w, 224);
  const w8 = v128.load(w, 256);
  const step = <usize>strideW * BAND_PIXEL;
  // With stride 1, two neighbours share 6 of their 9 loads.
  const pairs = strideW == 1 ? columns & ~1 : 0;
  for (; rows > 0; rows--) {
    let x0 = x;
    let x1 = x + pitch;
    let x2 = x1 + pitch;
    let out = y;
    for (const end = y + <usize>pairs * yPixel; out < end; out += yPixel << 1) {
      const a0 = v128.load(x0);
      const a1 = v128.load(x0, BAND_PIXEL);
      const a2 = v128.load(x0, 2 * BAND_PIXEL);
      const a3 = v128.load(x0, 3 * BAND_PIXEL);
      const b0 = v128.load(x1);
      const b1 = v128.load(x1, BAND_PIXEL);
      const b2 = v128.load(x1, 2 * BAND_PIXEL);
      const b3 = v128.load(x1, 3 * BAND_PIXEL);
      const c0 = v128.load(x2);
      const c1 = v128.load(x2, BAND_PIXEL);
      const c2 = v128.load(x2, 2 * BAND_PIXEL);
      const c3 = v128.load(x2, 3 * BAND_PIXEL);
      let s = madd(bias, a0, w0);
      s = madd(s, a1, w1);
      s = madd(s, a2, w2);
      s = madd(s, b0, w3);
      s = madd(s, b1, w4);
      s = madd(s, b2, w5);
      s = madd(s, c0, w6);
      s = madd(s, c1, w7);
      s = madd(s, c2, w8);
      v128.store(out, s);
      s = madd(bias, a1, w0);
      s = madd(s, a2, w1);
      s = madd(s, a3, w2);
      s = madd(s, b1, w3);
      s = madd(s, b2, w4);
      s = madd(s, b3, w5);
      s = madd(s, c1, w6);
      s = madd(s, c2, w7);
      s = madd(s, c3, w8);
      v128.store(out + yPixel, s);
      x0 += 2 * BAND_PIXEL;
      x1 += 2 * BAND_PIXEL;
      x2 += 2 * BAND_PIXEL;
    }
    for (const end = y + <usize>columns * yPixel; out < end; out += yPixel) {
      let s = madd(bias, v128.load(x0), w0);
      s = madd(s, v128.load(x0, BAND_PIXEL), w1);
      s = madd(s, v128.load(x0, 2 * BAND_PIXEL), w2);
      s = madd(s, v128.load(x1), w3);
      s = madd(s, v128.load(x1, BAND_PIXEL), w4);
      s = madd(s, v128.load(x1, 2 * BAND_PIXEL), w5);
      s = madd(s, v128.load(x2), w6);
      s = madd(s, v128.load(x2, BAND_PIXEL), w7);
      s = madd(s, v128.load(x2, 2 * BAND_PIXEL), w8);
      v128.store(out, s);
      x0 += step;
      x1 += step;
      x2 += step;
    }
    x += <usize>strideH * pitch;
    y += yRow;
  }
}
