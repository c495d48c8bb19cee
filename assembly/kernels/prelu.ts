import { rangeEnd, rangeStart } from './range';
import { firstLanes, storeFirst, sumLanes } from './lanes';

@unmanaged
class PreluArgs {
  x: usize;
  slope: usize;
  y: usize;
  /** x is [outer][channels][inner]; one of channels and inner is 1 when there is one slope. */
  outer: i32;
  channels: i32;
  inner: i32;
}

/** y = x > 0 ? x : slope x */
export function prelu(args: usize, thread: i32, threads: i32): void {
  const a = changetype<PreluArgs>(args);
  const perChannel = a.inner == 1;
  const rows = perChannel ? a.outer : a.outer * a.channels;
  const length = perChannel ? a.channels : a.inner;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    let slope = a.slope + (perChannel ? 0 : (<usize>(row % a.channels)) << 2);
    const same = v128.load32_splat(slope);
    let at = (<usize>row * length) << 2;
    for (let n = length; n > 0; n -= 4) {
      const s = perChannel ? v128.load(slope) : same;
      const x = v128.load(a.x + at);
      storeFirst(a.y + at, v128.bitselect(x, f32x4.mul(x, s), f32x4.gt(x, f32x4.splat(0))), n);
      at += 16;
      slope += 16;
    }
  }
}

@unmanaged
class PreluBackwardArgs {
  x: usize;
  slope: usize;
  dy: usize;
  dx: usize;
  /** [chunks][channels rounded up to 4] for one row of channels, else [rows]. */
  partials: usize;
  outer: i32;
  channels: i32;
  inner: i32;
  /** Rows of a chunk; used with inner 1. */
  chunkRows: i32;
}

/** dx = x > 0 ? dy : slope dy, and sums of dslope = x > 0 ? 0 : x dy over chunks or rows. */
export function preluBackward(args: usize, thread: i32, threads: i32): void {
  const a = changetype<PreluBackwardArgs>(args);
  if (a.inner == 1) {
    const chunks = (a.outer + a.chunkRows - 1) / a.chunkRows;
    const end = rangeEnd(chunks, thread, threads);
    for (let chunk = rangeStart(chunks, thread, threads); chunk < end; chunk++) backwardChunk(a, chunk);
    return;
  }
  const rows = a.outer * a.channels;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    const slope = v128.load32_splat(a.slope + ((<usize>(row % a.channels)) << 2));
    let sum = f32x4.splat(0);
    let at = (<usize>row * a.inner) << 2;
    for (let n = a.inner; n > 0; n -= 4) {
      sum = f32x4.add(sum, v128.and(backward4(a, at, slope, n), firstLanes(n)));
      at += 16;
    }
    store<f32>(a.partials + ((<usize>row) << 2), sumLanes(sum));
  }
}

function backwardChunk(a: PreluBackwardArgs, chunk: i32): void {
  const padded = (<usize>((a.channels + 3) >> 2)) << 4;
  const sums = a.partials + <usize>chunk * padded;
  memory.fill(sums, 0, padded);
  const end = min(a.outer, (chunk + 1) * a.chunkRows);
  for (let row = chunk * a.chunkRows; row < end; row++) {
    const start = (<usize>row * a.channels) << 2;
    for (let c: usize = 0; c < padded; c += 16) {
      const share = backward4(a, start + c, v128.load(a.slope + c), a.channels - (<i32>c >> 2));
      v128.store(sums + c, f32x4.add(v128.load(sums + c), share));
    }
  }
}

/** Stores dx, returns dslope. */
// @ts-ignore: decorator
@inline
function backward4(a: PreluBackwardArgs, at: usize, slope: v128, n: i32): v128 {
  const x = v128.load(a.x + at);
  const dy = v128.load(a.dy + at);
  const positive = f32x4.gt(x, f32x4.splat(0));
  storeFirst(a.dx + at, v128.bitselect(dy, f32x4.mul(dy, slope), positive), n);
  return v128.andnot(f32x4.mul(x, dy), positive);
}

@unmanaged
class PreluBackwardFinishArgs {
  partials: usize;
  dslope: usize;
  /** Partial sums of a channel, and elements from one to the next. */
  count: i32;
  step: i32;
  channels: i32;
}

/** dslope[c] = sum over i of partials[i step + c], in order */
export function preluBackwardFinish(args: usize, thread: i32, threads: i32): void {
  const a = changetype<PreluBackwardFinishArgs>(args);
  const end = rangeEnd(a.channels, thread, threads);
  for (let c = rangeStart(a.channels, thread, threads); c < end; c++) {
    let sum: f64 = 0;
    for (let i = 0; i < a.count; i++) sum += <f64>load<f32>(a.partials + ((<usize>i * a.step + c) << 2));
    store<f32>(a.dslope + ((<usize>c) << 2), <f32>sum);
  }
}
