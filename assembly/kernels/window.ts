import { tableBytes } from './tile';

/**
 * A sliding window over channels-last images: the first fields of every convolution kernel's record.
 *
 * Output position (n, oy, ox) sees, at tap (th, tw), the input pixel
 *
 *   iy = oy * strideH + offsetH + th * stepH,   ix = ox * strideW + offsetW + tw * stepW
 *
 * or zeros outside the image. A forward pass has offset = -padding and step = dilation. An input gradient slides over
 * dy with stride 1 and negative steps, and writes every stride-th pixel of dx: hence the strides of y.
 */
@unmanaged
export class Window {
  x: usize;
  /** At least a pixel of zeros, and 64 bytes more. */
  zeros: usize;
  y: usize;
  /** Per-thread scratch, `scratchStride` bytes apart. */
  scratch: usize;
  scratchStride: i32;
  batch: i32;
  inH: i32;
  inW: i32;
  /** Bytes of a pixel of x. */
  xPixel: i32;
  outH: i32;
  outW: i32;
  /** Strides of y in bytes. */
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
}

/**
 * Writes the pointer tables of `tiles` tiles of 4 consecutive output positions, starting at tile `first`.
 * Positions past the end repeat the last one: a tile then computes and writes the same numbers twice.
 */
export function fillTables(g: Window, table: usize, first: i32, tiles: i32): void {
  const bytes = tableBytes(g.tapsH * g.tapsW);
  for (let lane: usize = 0; lane < 4; lane++) {
    fill(g, table + (lane << 2), (first << 2) + <i32>lane, 4, tiles, bytes, 16, g.tapsH);
  }
}

/** Tables of one tap, whose output pointers alone are filled in. */
export function fillOutputs(g: Window, table: usize, first: i32, tiles: i32): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    fill(g, table + (lane << 2), (first << 2) + <i32>lane, 4, tiles, tableBytes(1), 16, 0);
  }
}

/** The same pointers for `count` single positions from `first` on: [y, x at tap 0, x at tap 1, ...]. */
export function fillPositions(g: Window, table: usize, first: i32, count: i32, entryBytes: usize): void {
  fill(g, table, first, 1, count, entryBytes, 4, g.tapsH);
}

/** `count` positions, `skip` apart; in a table, positions are `entryBytes` and taps `tapBytes` apart. */
function fill(
  g: Window,
  entry: usize,
  first: i32,
  skip: i32,
  count: i32,
  entryBytes: usize,
  tapBytes: usize,
  tapsH: i32,
): void {
  const last = g.batch * g.outH * g.outW - 1;
  const outH = g.outH;
  const outW = g.outW;
  let position = min(first, last);
  let ox = position % outW;
  let oy = (position / outW) % outH;
  let n = position / (outW * outH);
  for (; count > 0; count--) {
    fillPosition(g, entry, tapBytes, tapsH, n, oy, ox);
    entry += entryBytes;
    const next = min(position + skip, last);
    ox += next - position;
    position = next;
    while (ox >= outW) {
      ox -= outW;
      if (++oy == outH) {
        oy = 0;
        n++;
      }
    }
  }
}

function fillPosition(g: Window, entry: usize, tapBytes: usize, tapsH: i32, n: i32, oy: i32, ox: i32): void {
  store<usize>(entry, g.y + <usize>n * g.yBatch + <usize>oy * g.yRow + <usize>ox * g.yPixel);
  entry += tapBytes;
  const zeros = g.zeros;
  const inH = g.inH;
  const inW = g.inW;
  const tapsW = g.tapsW;
  const stepH = g.stepH;
  const stepW = g.stepW;
  const left = ox * g.strideW + g.offsetW;
  let iy = oy * g.strideH + g.offsetH;
  const pixelStep = stepW * g.xPixel;
  for (let th = tapsH; th > 0; th--, iy += stepH) {
    let pointer = g.x + ((n * inH + iy) * inW + left) * g.xPixel;
    const rowInside = <u32>iy < <u32>inH;
    let ix = left;
    for (let tw = tapsW; tw > 0; tw--, ix += stepW) {
      store<usize>(entry, rowInside && <u32>ix < <u32>inW ? pointer : zeros);
      pointer += pixelStep;
      entry += tapBytes;
    }
  }
}
