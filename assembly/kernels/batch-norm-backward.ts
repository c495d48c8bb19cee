import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { clampGradient, NONE, RELU, RELU6 } from './clamp';

@unmanaged
class BatchNormBackwardSumsArgs {
  x: usize;
  dy: usize;
  gamma: usize;
  beta: usize;
  mean: usize;
  rstd: usize;
  /** [chunks][2][channels rounded up to 4]: sum of dz, sum of dz (x - mean). */
  partials: usize;
  rows: i32;
  channels: i32;
  chunkRows: i32;
  activation: i32;
}

/** First pass: both sums over a chunk, with dz = dy activation'(z) and z recomputed from x exactly as forward. */
export function batchNormBackwardSums(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormBackwardSumsArgs>(args);
  const chunks = (a.rows + a.chunkRows - 1) / a.chunkRows;
  const end = rangeEnd(chunks, thread, threads);
  for (let chunk = rangeStart(chunks, thread, threads); chunk < end; chunk++) {
    if (a.activation == RELU) sumChunk(a, chunk, RELU);
    else if (a.activation == RELU6) sumChunk(a, chunk, RELU6);
    else sumChunk(a, chunk, NONE);
  }
}

// @ts-ignore: decorator
@inline
function sumChunk(a: BatchNormBackwardSumsArgs, chunk: i32, activation: i32): void {
  const padded = (<usize>((a.channels + 3) >> 2)) << 4;
  const step = (<usize>a.channels) << 2;
  const first = chunk * a.chunkRows;
  const count = min(a.chunkRows, a.rows - first);
  const sums = a.partials + <usize>chunk * 2 * padded;
  const products = sums + padded;
  let x = a.x + <usize>first * step;
  let dy = a.dy + <usize>first * step;
  memory.fill(sums, 0, 2 * padded);
  let r = 0;
  for (; r + 4 <= count; r += 4) {
    for (let c: usize = 0; c < padded; c += 16) {
      const mean = v128.load(a.mean + c);
      const scale = f32x4.mul(v128.load(a.gamma + c), v128.load(a.rstd + c));
      const beta = v128.load(a.beta + c);
      const d0 = f32x4.sub(v128.load(x + c), mean);
      const d1 = f32x4.sub(v128.load(x + step + c), mean);
      const d2 = f32x4.sub(v128.load(x + 2 * step + c), mean);
      const d3 = f32x4.sub(v128.load(x + 3 * step + c), mean);
      const z0 = masked(d0, v128.load(dy + c), scale, beta, activation);
      const z1 = masked(d1, v128.load(dy + step + c), scale, beta, activation);
      const z2 = masked(d2, v128.load(dy + 2 * step + c), scale, beta, activation);
      const z3 = masked(d3, v128.load(dy + 3 * step + c), scale, beta, activation);
      addTo(sums + c, f32x4.add(f32x4.add(z0, z1), f32x4.add(z2, z3)));
      const low = f32x4.add(f32x4.mul(z0, d0), f32x4.mul(z1, d1));
      const high = f32x4.add(f32x4.mul(z2, d2), f32x4.mul(z3, d3));
      addTo(products + c, f32x4.add(low, high));
    }
    x += step << 2;
    dy += step << 2;
  }
  for (; r < count; r++) {
    for (let c: usize = 0; c < padded; c += 16) {
      const d = f32x4.sub(v128.load(x + c), v128.load(a.mean + c));
      const scale = f32x4.mul(v128.load(a.gamma + c), v128.load(a.rstd + c));
      const z = masked(d, v128.load(dy + c), scale, v128.load(a.beta + c), activation);
      addTo(sums + c, z);
      addTo(products + c, f32x4.mul(z, d));
    }
    x += step;
    dy += step;
  }
}

/** dz from d = x - mean. */
// @ts-ignore: decorator
@inline
function masked(d: v128, dy: v128, scale: v128, beta: v128, activation: i32): v128 {
  return clampGradient(f32x4.add(f32x4.mul(d, scale), beta), dy, activation);
}

// @ts-ignore: decorator
@inline
function addTo(p: usize, v: v128): void {
  v128.store(p, f32x4.add(v128.load(p), v));
}

@unmanaged
class BatchNormBackwardFinishArgs {
  partials: usize;
  gamma: usize;
  rstd: usize;
  dgamma: usize;
  dbeta: usize;
  /** [2][channels rounded up to 4]: what dx needs, see batchNormBackwardApply. */
  coefficients: usize;
  rows: i32;
  channels: i32;
  chunkRows: i32;
  /** 0: mean and rstd are constants, as in inference. */
  training: i32;
}

/** dbeta = sum dz, dgamma = sum dz (x - mean) rstd, merged chunk by chunk in order. */
export function batchNormBackwardFinish(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormBackwardFinishArgs>(args);
  const padded = (<usize>((a.channels + 3) >> 2)) << 4;
  const chunks = (a.rows + a.chunkRows - 1) / a.chunkRows;
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    let sum: f64 = 0;
    let product: f64 = 0;
    let p = a.partials + at;
    for (let chunk = 0; chunk < chunks; chunk++) {
      sum += <f64>load<f32>(p);
      product += <f64>load<f32>(p + padded);
      p += 2 * padded;
    }
    const rstd = <f64>load<f32>(a.rstd + at);
    const scale = a.training ? (<f64>load<f32>(a.gamma + at) * rstd) / <f64>a.rows : 0;
    store<f32>(a.dbeta + at, <f32>sum);
    store<f32>(a.dgamma + at, <f32>(product * rstd));
    store<f32>(a.coefficients + at, <f32>(-scale * sum));
    store<f32>(a.coefficients + padded + at, <f32>(-scale * rstd * rstd * product));
  }
}

@unmanaged
class BatchNormBackwardApplyArgs {
  x: usize;
  dy: usize;
  gamma: usize;
  beta: usize;
  mean: usize;
  rstd: usize;
  coefficients: usize;
  dx: usize;
  rows: i32;
  channels: i32;
  activation: i32;
}

/**
 * dx = gamma rstd (dz - mean(dz) - xhat mean(dz xhat)) = gamma rstd dz + k0 + (x - mean) k1,
 * k0 = -gamma rstd dbeta / n, k1 = -gamma rstd^2 dgamma / n
 */
export function batchNormBackwardApply(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormBackwardApplyArgs>(args);
  const start = rangeStart(a.rows, thread, threads);
  const end = rangeEnd(a.rows, thread, threads);
  if (a.activation == RELU) backwardRows(a, RELU, start, end);
  else if (a.activation == RELU6) backwardRows(a, RELU6, start, end);
  else backwardRows(a, NONE, start, end);
}

// @ts-ignore: decorator
@inline
function backwardRows(a: BatchNormBackwardApplyArgs, activation: i32, start: i32, end: i32): void {
  const step = (<usize>a.channels) << 2;
  const whole = (<usize>(a.channels & ~3)) << 2;
  const slope = a.coefficients + ((<usize>((a.channels + 3) >> 2)) << 4);
  let at = <usize>start * step;
  let r = start;
  for (; r + 4 <= end; r += 4) {
    const x = a.x + at;
    const dy = a.dy + at;
    const dx = a.dx + at;
    for (let c: usize = 0; c < whole; c += 16) {
      const mean = v128.load(a.mean + c);
      const scale = f32x4.mul(v128.load(a.gamma + c), v128.load(a.rstd + c));
      const beta = v128.load(a.beta + c);
      const k0 = v128.load(a.coefficients + c);
      const k1 = v128.load(slope + c);
      const o1 = c + step;
      const o2 = o1 + step;
      const o3 = o2 + step;
      const v0 = gradient(v128.load(x + c), v128.load(dy + c), mean, scale, beta, k0, k1, activation);
      const v1 = gradient(v128.load(x + o1), v128.load(dy + o1), mean, scale, beta, k0, k1, activation);
      v128.store(dx + c, v0);
      v128.store(dx + o1, v1);
      const v2 = gradient(v128.load(x + o2), v128.load(dy + o2), mean, scale, beta, k0, k1, activation);
      const v3 = gradient(v128.load(x + o3), v128.load(dy + o3), mean, scale, beta, k0, k1, activation);
      v128.store(dx + o2, v2);
      v128.store(dx + o3, v3);
    }
    at += step << 2;
  }
  for (; r < end; r++) {
    backwardChannels(a, activation, at, slope, 0, whole);
    at += step;
  }
  if (whole < step) {
    for (r = start; r < end; r++) backwardChannels(a, activation, <usize>r * step, slope, whole, step);
  }
}

// @ts-ignore: decorator
@inline
function gradient(x: v128, dy: v128, mean: v128, scale: v128, beta: v128, k0: v128, k1: v128, activation: i32): v128 {
  const d = f32x4.sub(x, mean);
  const dz = masked(d, dy, scale, beta, activation);
  return f32x4.add(f32x4.add(f32x4.mul(scale, dz), k0), f32x4.mul(d, k1));
}

// @ts-ignore: decorator
@inline
function backwardChannels(
  a: BatchNormBackwardApplyArgs,
  activation: i32,
  at: usize,
  slope: usize,
  from: usize,
  to: usize,
): void {
  for (let c = from; c < to; c += 16) {
    const v = gradient(
      v128.load(a.x + at + c),
      v128.load(a.dy + at + c),
      v128.load(a.mean + c),
      f32x4.mul(v128.load(a.gamma + c), v128.load(a.rstd + c)),
      v128.load(a.beta + c),
      v128.load(a.coefficients + c),
      v128.load(slope + c),
      activation,
    );
    storeFirst(a.dx + at + c, v, <i32>(to - c) >> 2);
  }
}
