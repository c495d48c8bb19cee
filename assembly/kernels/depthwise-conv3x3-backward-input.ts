import { rangeStart, rangeEnd } from './range';
import { BAND_PIXEL, fillBand } from './band';
import { storeColumns } from './tile';
import { Window } from './window';
import { slot } from './slot';

/** Starts like `Window`: x is dy, y is dx, and the output positions are cells of 2x2 pixels of dx. */
@unmanaged
class DepthwiseConv3x3BackwardInputArgs {
  dy: usize;
  zeros: usize;
  dx: usize;
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
  channels: i32;
  /** Cell rows of a band. */
  bandRows: i32;
  /** Place of the first cell in dx; -1 where its first row or column is outside. */
  top: i32;
  left: i32;
  height: i32;
  width: i32;
}

/**
 * Input gradient of a 3x3 depthwise convolution with stride 2. The 2x2 pixels of dx that lie between output pixels
 * d00 d01 d10 d11 of dy share their loads, and each sees just the 1, 2, 2 or 4 taps that reach it:
 *
 *   w11 d00                |  w12 d00 + w10 d01
 *   w21 d00 + w01 d10      |  w22 d00 + w20 d01 + w02 d10 + w00 d11
 */
export function depthwiseConv3x3BackwardInput(args: usize, thread: i32, threads: i32): void {
  const g = changetype<DepthwiseConv3x3BackwardInputArgs>(args);
  const columns = g.outW + 1;
  const pitch = <usize>columns * BAND_PIXEL;
  const band = g.scratch + <usize>g.scratchStride * slot();
  const aside = band + <usize>(g.bandRows + 1) * pitch;
  const end = rangeEnd(g.batch * g.outH, thread, threads);
  let row = rangeStart(g.batch * g.outH, thread, threads);
  while (row < end) {
    const n = row / g.outH;
    const cell = row - n * g.outH;
    const rows = min(min(g.bandRows, g.outH - cell), end - row);
    const top = g.top + 2 * cell;
    const inside = top >= 0 && top + 2 * rows <= g.height && g.left >= 0 && g.left + 2 * g.outW <= g.width;
    for (let c = 0; c < g.channels; c += 16) {
      fillBand(changetype<Window>(args), n, cell + g.offsetH, rows + 1, g.offsetW, columns, c, band);
      for (let quad = c; quad < min(c + 16, g.channels); quad += 4) {
        const x = band + ((<usize>(quad - c)) << 2);
        const w = g.w + <usize>(quad >> 3) * (9 << 5) + ((<usize>(quad & 4)) << 2);
        const image = g.dx + <usize>n * g.yBatch + ((<usize>quad) << 2);
        const lanes = g.channels - quad;
        if (inside && lanes >= 4) {
          const y = image + <usize>top * g.yRow + <usize>g.left * g.yPixel;
          cells(x, pitch, w, y, g.yRow, g.yPixel, rows, g.outW);
        } else {
          cells(x, pitch, w, aside, (<usize>g.outW) << 5, 16, rows, g.outW);
          copyInside(g, aside, image, top, 2 * rows, min(4, lanes));
        }
      }
    }
    row += rows;
  }
}

/** Copies what lies inside dx. */
function copyInside(
  g: DepthwiseConv3x3BackwardInputArgs,
  aside: usize,
  image: usize,
  top: i32,
  rows: i32,
  lanes: i32,
): void {
  for (let iy = max(0, top); iy < min(g.height, top + rows); iy++) {
    for (let ix = max(0, g.left); ix < min(g.width, g.left + 2 * g.outW); ix++) {
      const s = v128.load(aside + ((<usize>((iy - top) * 2 * g.outW + (ix - g.left))) << 4));
      storeColumns(image + <usize>iy * g.yRow + <usize>ix * g.yPixel, s, s, lanes);
    }
  }
}

// @ts-ignore: decorator
@inline
function madd(c: v128, a: v128, b: v128): v128 {
  return f32x4.add(c, f32x4.mul(a, b));
}

/** 4 channels of `rows` x `columns` cells. */
function cells(x: usize, pitch: usize, w: usize, y: usize, yRow: usize, yPixel: usize, rows: i32, columns: i32): void {
  const w00 = v128.load(w);
  const w01 = v128.load(w, 32);
  const w02 = v128.load(w, 64);
  const w10 = v128.load(w, 96);
  const w11 = v128.load(w, 128);
  const w12 = v128.load(w, 160);
  const w20 = v128.load(w, 192);
  const w21 = v128.load(w, 224);
  const w22 = v128.load(w, 256);
  for (; rows > 0; rows--) {
    let x0 = x;
    let x1 = x + pitch;
    let upper = y;
    let lower = y + yRow;
    for (const end = x0 + <usize>columns * BAND_PIXEL; x0 < end; x0 += BAND_PIXEL) {
      const d00 = v128.load(x0);
      const d01 = v128.load(x0, BAND_PIXEL);
      const d10 = v128.load(x1);
      const d11 = v128.load(x1, BAND_PIXEL);
      v128.store(upper, f32x4.mul(w11, d00));
      v128.store(upper + yPixel, madd(f32x4.mul(w12, d00), w10, d01));
      v128.store(lower, madd(f32x4.mul(w21, d00), w01, d10));
      v128.store(lower + yPixel, madd(madd(madd(f32x4.mul(w22, d00), w20, d01), w02, d10), w00, d11));
      x1 += BAND_PIXEL;
      upper += yPixel << 1;
      lower += yPixel << 1;
    }
    x += pitch;
    y += yRow << 1;
  }
}
