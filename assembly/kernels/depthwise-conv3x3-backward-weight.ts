import { rangeStart, rangeEnd } from './range';
import { BAND_PIXEL, fillBand } from './band';
import { touch, touchRows } from './touch';
import { Window } from './window';
import { slot } from './slot';

/** Starts like `Window`, its y being dy; 3x3 taps, no dilation. */
@unmanaged
class DepthwiseConv3x3BackwardWeightArgs {
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
  /** Partial sums: [chunks][channels / 8][2][9][4], merged by mergeDepthwiseWeight. */
  partials: usize;
  chunks: i32;
  channels: i32;
  /** Output rows of a band. */
  bandRows: i32;
}

/** dw[c][tap] = sum over positions of dy[position][c] x[position + tap][c], as one partial sum a chunk of output rows. */
export function depthwiseConv3x3BackwardWeight(args: usize, thread: i32, threads: i32): void {
  const g = changetype<DepthwiseConv3x3BackwardWeightArgs>(args);
  const chunkBytes = <usize>((g.channels + 7) >> 3) * (2 * (9 << 4));
  const band = g.scratch + <usize>g.scratchStride * slot();
  const end = rangeEnd(g.chunks, thread, threads);
  for (let chunk = rangeStart(g.chunks, thread, threads); chunk < end; chunk++) {
    const sums = g.partials + <usize>chunk * chunkBytes;
    memory.fill(sums, 0, chunkBytes);
    const last = rangeEnd(g.batch * g.outH, chunk, g.chunks);
    let row = rangeStart(g.batch * g.outH, chunk, g.chunks);
    while (row < last) {
      const n = row / g.outH;
      const oy = row - n * g.outH;
      const rows = min(min(g.bandRows, g.outH - oy), last - row);
      sumBand(g, n, oy, rows, band, sums);
      row += rows;
    }
  }
}

function sumBand(g: DepthwiseConv3x3BackwardWeightArgs, n: i32, oy: i32, rows: i32, band: usize, sums: usize): void {
  const columns = (g.outW - 1) * g.strideW + 3;
  const pitch = <usize>columns * BAND_PIXEL;
  const top = oy * g.strideH + g.offsetH;
  const dy = g.dy + <usize>n * g.yBatch + <usize>oy * g.yRow;
  touchRows(changetype<Window>(g), n, top, (rows - 1) * g.strideH + 3);
  touch(dy, <usize>((rows - 1) * g.yRow + g.outW * g.yPixel));
  for (let c = 0; c < g.channels; c += 16) {
    fillBand(changetype<Window>(g), n, top, (rows - 1) * g.strideH + 3, g.offsetW, columns, c, band);
    for (let quad = c; quad < min(c + 16, g.channels); quad += 8) {
      const x = band + ((<usize>(quad - c)) << 2);
      const d = dy + ((<usize>quad) << 2);
      const last = x + 2 * pitch;
      slide(g, x, x + pitch, pitch, d, d, rows, sums, sums + 48);
      if (quad + 4 < g.channels) {
        slide(g, x + 16, x + 16 + pitch, pitch, d + 16, d + 16, rows, sums + 144, sums + 192);
        slide(g, last, last + 16, pitch, d, d + 16, rows, sums + 96, sums + 240);
      } else {
        // No partner for the last row of taps: the first row goes along, into sums that nobody reads.
        slide(g, last, x, pitch, d, d, rows, sums + 96, sums + 144);
      }
      sums += 288;
    }
  }
}

// @ts-ignore: decorator
@inline
function madd(c: v128, a: v128, b: v128): v128 {
  return f32x4.add(c, f32x4.mul(a, b));
}

/**
 * Adds the products of a band with `rows` of dy to the sums of two filter rows, 3 taps of 4 channels each: x0, dy0 and
 * sums0 belong to the first, x1, dy1 and sums1 to the second. V8 loads everything before it multiplies, so 6 sums are
 * what the registers hold; with all 9 they spill.
 */
function slide(
  g: DepthwiseConv3x3BackwardWeightArgs,
  x0: usize,
  x1: usize,
  pitch: usize,
  dy0: usize,
  dy1: usize,
  rows: i32,
  sums0: usize,
  sums1: usize,
): void {
  let c00 = v128.load(sums0);
  let c01 = v128.load(sums0, 16);
  let c02 = v128.load(sums0, 32);
  let c10 = v128.load(sums1);
  let c11 = v128.load(sums1, 16);
  let c12 = v128.load(sums1, 32);
  const step = <usize>g.strideW * BAND_PIXEL;
  const pixel = <usize>g.yPixel;
  const rowBytes = <usize>g.outW * pixel;
  const xSkip = <usize>g.strideH * pitch - <usize>g.outW * step;
  const dySkip = <usize>g.yRow - rowBytes;
  for (; rows > 0; rows--) {
    for (const end = dy0 + rowBytes; dy0 < end; ) {
      const d0 = v128.load(dy0);
      const d1 = v128.load(dy1);
      c00 = madd(c00, v128.load(x0), d0);
      c01 = madd(c01, v128.load(x0, BAND_PIXEL), d0);
      c02 = madd(c02, v128.load(x0, 2 * BAND_PIXEL), d0);
      c10 = madd(c10, v128.load(x1), d1);
      c11 = madd(c11, v128.load(x1, BAND_PIXEL), d1);
      c12 = madd(c12, v128.load(x1, 2 * BAND_PIXEL), d1);
      x0 += step;
      x1 += step;
      dy0 += pixel;
      dy1 += pixel;
    }
    x0 += xSkip;
    x1 += xSkip;
    dy0 += dySkip;
    dy1 += dySkip;
  }
  v128.store(sums0, c00);
  v128.store(sums0, c01, 16);
  v128.store(sums0, c02, 32);
  v128.store(sums1, c10);
  v128.store(sums1, c11, 16);
  v128.store(sums1, c12, 32);
}
