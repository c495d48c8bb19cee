import { rangeEnd, rangeStart } from './range';
import { firstLanes, storeFirst, sumLanes } from './lanes';
import { paddedBytes } from './shifted-sums';

@unmanaged
class LayerNormArgs {
  x: usize;
  gamma: usize;
  beta: usize;
  y: usize;
  mean: usize;
  rstd: usize;
  rows: i32;
  channels: i32;
  eps: f32;
  /** 1: eps is added to the deviation, not to the variance. */
  ofDeviation: i32;
}

/** y = (x - mean) rstd gamma + beta along each row of x[rows][channels], rstd = 1 / sqrt(variance + eps). */
export function layerNorm(args: usize, thread: i32, threads: i32): void {
  const a = changetype<LayerNormArgs>(args);
  const step = (<usize>a.channels) << 2;
  const share = <f32>1 / <f32>a.channels;
  const gamma = a.gamma;
  const beta = a.beta;
  const end = rangeEnd(a.rows, thread, threads);
  for (let row = rangeStart(a.rows, thread, threads); row < end; row++) {
    const x = a.x + <usize>row * step;
    const y = a.y + <usize>row * step;
    const mean = f32x4.splat(sumOf(x, a.channels) * share);
    const variance = squaresAbout(x, mean, a.channels) * share;
    const rstd = <f32>1 / (a.ofDeviation ? sqrt<f32>(variance) + a.eps : sqrt<f32>(variance + a.eps));
    const scale = f32x4.splat(rstd);
    for (let n = a.channels, c: usize = 0; n > 0; n -= 4, c += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + c), mean), scale);
      storeFirst(y + c, f32x4.add(f32x4.mul(normal, v128.load(gamma + c)), v128.load(beta + c)), n);
    }
    store<f32>(a.mean + ((<usize>row) << 2), f32x4.extract_lane(mean, 0));
    store<f32>(a.rstd + ((<usize>row) << 2), rstd);
  }
}

function sumOf(x: usize, count: i32): f32 {
  let total = f32x4.splat(0);
  for (let n = count; n > 0; n -= 4, x += 16) total = f32x4.add(total, v128.and(v128.load(x), firstLanes(n)));
  return sumLanes(total);
}

function squaresAbout(x: usize, mean: v128, count: i32): f32 {
  let total = f32x4.splat(0);
  for (let n = count; n > 0; n -= 4, x += 16) {
    const d = v128.and(f32x4.sub(v128.load(x), mean), firstLanes(n));
    total = f32x4.add(total, f32x4.mul(d, d));
  }
  return sumLanes(total);
}

@unmanaged
class LayerNormBackwardArgs {
  x: usize;
  dy: usize;
  gamma: usize;
  mean: usize;
  rstd: usize;
  dx: usize;
  /** [chunks][2][channels rounded up to 4]: sums of dy xhat and of dy. */
  partials: usize;
  rows: i32;
  channels: i32;
  chunkRows: i32;
  eps: f32;
  ofDeviation: i32;
}

/**
 * dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy gamma. With eps in the deviation s, the last term is divided by
 * s rstd = 1 - eps rstd; a row without deviation has xhat = 0, and loses the term.
 */
export function layerNormBackward(args: usize, thread: i32, threads: i32): void {
  const a = changetype<LayerNormBackwardArgs>(args);
  const padded = paddedBytes(a.channels);
  const chunks = (a.rows + a.chunkRows - 1) / a.chunkRows;
  const end = rangeEnd(chunks, thread, threads);
  for (let chunk = rangeStart(chunks, thread, threads); chunk < end; chunk++) {
    const partial = a.partials + <usize>chunk * 2 * padded;
    memory.fill(partial, 0, 2 * padded);
    const last = min((chunk + 1) * a.chunkRows, a.rows);
    for (let row = chunk * a.chunkRows; row < last; row++) backwardRow(a, row, partial, partial + padded);
  }
}

function backwardRow(a: LayerNormBackwardArgs, row: i32, products: usize, sums: usize): void {
  const start = (<usize>row * a.channels) << 2;
  const x = a.x + start;
  const dy = a.dy + start;
  const dx = a.dx + start;
  const gamma = a.gamma;
  const rstd = load<f32>(a.rstd + ((<usize>row) << 2));
  const mean = f32x4.splat(load<f32>(a.mean + ((<usize>row) << 2)));
  const scale = f32x4.splat(rstd);
  let sum = f32x4.splat(0);
  let product = f32x4.splat(0);
  for (let n = a.channels, c: usize = 0; n > 0; n -= 4, c += 16) {
    const normal = f32x4.mul(f32x4.sub(v128.load(x + c), mean), scale);
    const d = v128.load(dy + c);
    const slope = f32x4.mul(d, normal);
    const inside = firstLanes(n);
    sum = f32x4.add(sum, v128.and(f32x4.mul(d, v128.load(gamma + c)), inside));
    product = f32x4.add(product, v128.and(f32x4.mul(slope, v128.load(gamma + c)), inside));
    v128.store(products + c, f32x4.add(v128.load(products + c), slope));
    v128.store(sums + c, f32x4.add(v128.load(sums + c), d));
  }
  const share = <f32>1 / <f32>a.channels;
  const k0 = f32x4.splat(sumLanes(sum) * share);
  const k1 = f32x4.splat(sumLanes(product) * share * deviationFactor(a, rstd));
  for (let n = a.channels, c: usize = 0; n > 0; n -= 4, c += 16) {
    const normal = f32x4.mul(f32x4.sub(v128.load(x + c), mean), scale);
    const g = f32x4.sub(f32x4.mul(v128.load(dy + c), v128.load(gamma + c)), k0);
    storeFirst(dx + c, f32x4.mul(f32x4.sub(g, f32x4.mul(normal, k1)), scale), n);
  }
}

// @ts-ignore: decorator
@inline
function deviationFactor(a: LayerNormBackwardArgs, rstd: f32): f32 {
  if (!a.ofDeviation) return 1;
  const ratio = <f32>1 - a.eps * rstd;
  return ratio > 0 ? <f32>1 / ratio : 0;
}

@unmanaged
class ChannelSumsArgs {
  /** [chunks][2][channels rounded up to 4] */
  partials: usize;
  first: usize;
  second: usize;
  channels: i32;
  chunks: i32;
}

/** Adds both sums of every channel, chunk by chunk in order. */
export function channelSums(args: usize, thread: i32, threads: i32): void {
  const a = changetype<ChannelSumsArgs>(args);
  const padded = paddedBytes(a.channels);
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    let first: f64 = 0;
    let second: f64 = 0;
    let p = a.partials + at;
    for (let chunk = 0; chunk < a.chunks; chunk++, p += 2 * padded) {
      first += <f64>load<f32>(p);
      second += <f64>load<f32>(p + padded);
    }
    store<f32>(a.first + at, <f32>first);
    store<f32>(a.second + at, <f32>second);
  }
}
