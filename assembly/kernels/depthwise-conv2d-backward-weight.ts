import { rangeStart, rangeEnd } from './range';
import { Window, fillPositions } from './window';
import { slot } from './slot';

/** Taps whose sums stay in registers together: a 3x3 filter. Larger filters take several rounds. */
const ROUND: i32 = 9;

/** Starts like `Window`; its y is dy. */
@unmanaged
class DepthwiseConv2dBackwardWeightArgs {
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
  /** Partial sums: [chunks][channels / 8][2][rounds][9][4]. */
  partials: usize;
  chunks: i32;
  channels: i32;
  /** Positions that share a pass over the channels. */
  block: i32;
}

/** dw[c][tap] = sum over positions of dy[position][c] * x[position + tap][c], as one partial sum a chunk of positions. */
export function depthwiseConv2dBackwardWeight(args: usize, thread: i32, threads: i32): void {
  const g = changetype<DepthwiseConv2dBackwardWeightArgs>(args);
  const positions = g.batch * g.outH * g.outW;
  const taps = g.tapsH * g.tapsW;
  const rounds = (taps + ROUND - 1) / ROUND;
  const quads = (g.channels + 3) >> 2;
  const entryBytes = (<usize>(rounds * ROUND + 1)) << 2;
  const table = g.scratch + <usize>g.scratchStride * slot();
  clearUnusedTaps(table, g.block, entryBytes, taps, g.zeros);
  const chunkBytes = (<usize>(((g.channels + 7) >> 3) * 2 * rounds * ROUND)) << 4;
  const end = rangeEnd(g.chunks, thread, threads);
  for (let chunk = rangeStart(g.chunks, thread, threads); chunk < end; chunk++) {
    const sums = g.partials + <usize>chunk * chunkBytes;
    memory.fill(sums, 0, chunkBytes);
    const last = rangeEnd(positions, chunk, g.chunks);
    for (let position = rangeStart(positions, chunk, g.chunks); position < last; position += g.block) {
      const count = min(g.block, last - position);
      fillPositions(changetype<Window>(args), table, position, count, entryBytes);
      let sum = sums;
      for (let quad = 0; quad < quads; quad++) {
        for (let round = 0; round < rounds; round++) {
          sumTaps(table, (<usize>(round * ROUND)) << 2, entryBytes, count, (<usize>quad) << 4, sum);
          sum += ROUND << 4;
        }
      }
    }
  }
}

/** Tables hold whole rounds; the taps that do not exist see zeros. */
function clearUnusedTaps(table: usize, block: i32, entryBytes: usize, taps: i32, zeros: usize): void {
  for (; block > 0; block--) {
    for (let byte = (<usize>(taps + 1)) << 2; byte < entryBytes; byte += 4) store<usize>(table + byte, zeros);
    table += entryBytes;
  }
}

// @ts-ignore: decorator
@inline
function madd(c: v128, x: usize, dy: v128): v128 {
  return f32x4.add(c, f32x4.mul(v128.load(x), dy));
}

/** Adds to the sums of 9 taps of 4 channels. */
function sumTaps(table: usize, tapOffset: usize, entryBytes: usize, count: i32, column: usize, sums: usize): void {
  let c0 = v128.load(sums);
  let c1 = v128.load(sums, 16);
  let c2 = v128.load(sums, 32);
  let c3 = v128.load(sums, 48);
  let c4 = v128.load(sums, 64);
  let c5 = v128.load(sums, 80);
  let c6 = v128.load(sums, 96);
  let c7 = v128.load(sums, 112);
  let c8 = v128.load(sums, 128);
  for (const end = table + <usize>count * entryBytes; table < end; table += entryBytes) {
    const dy = v128.load(load<usize>(table) + column);
    const x = table + tapOffset;
    c0 = madd(c0, load<usize>(x, 4) + column, dy);
    c1 = madd(c1, load<usize>(x, 8) + column, dy);
    c2 = madd(c2, load<usize>(x, 12) + column, dy);
    c3 = madd(c3, load<usize>(x, 16) + column, dy);
    c4 = madd(c4, load<usize>(x, 20) + column, dy);
    c5 = madd(c5, load<usize>(x, 24) + column, dy);
    c6 = madd(c6, load<usize>(x, 28) + column, dy);
    c7 = madd(c7, load<usize>(x, 32) + column, dy);
    c8 = madd(c8, load<usize>(x, 36) + column, dy);
  }
  v128.store(sums, c0);
  v128.store(sums, c1, 16);
  v128.store(sums, c2, 32);
  v128.store(sums, c3, 48);
  v128.store(sums, c4, 64);
  v128.store(sums, c5, 80);
  v128.store(sums, c6, 96);
  v128.store(sums, c7, 112);
  v128.store(sums, c8, 128);
}

@unmanaged
class MergeDepthwiseWeightArgs {
  partials: usize;
  dw: usize;
  chunks: i32;
  channels: i32;
  taps: i32;
}

/** dw[c][tap] = sum over chunks, first to last. */
export function mergeDepthwiseWeight(args: usize, thread: i32, threads: i32): void {
  const g = changetype<MergeDepthwiseWeightArgs>(args);
  const slots = ((g.taps + ROUND - 1) / ROUND) * ROUND;
  const chunkBytes = (<usize>(((g.channels + 7) >> 3) * 2 * slots)) << 4;
  const end = rangeEnd(g.channels, thread, threads);
  for (let c = rangeStart(g.channels, thread, threads); c < end; c++) {
    for (let tap = 0; tap < g.taps; tap++) {
      let source = g.partials + ((<usize>((c >> 2) * slots + tap)) << 4) + ((<usize>(c & 3)) << 2);
      let sum: f32 = 0;
      for (let chunk = g.chunks; chunk > 0; chunk--) {
        sum += load<f32>(source);
        source += chunkBytes;
      }
      store<f32>(g.dw + ((<usize>(c * g.taps + tap)) << 2), sum);
    }
  }
}
