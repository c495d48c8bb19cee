import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { clampGradient, NONE, RELU, RELU6 } from './clamp';

@unmanaged
class BatchNormScaleArgs {
  gamma: usize;
  rstd: usize;
  scale: usize;
  channels: i32;
}

/** scale = gamma rstd, the same product as forward. */
export function batchNormScale(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormScaleArgs>(args);
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    store<f32>(a.scale + at, load<f32>(a.gamma + at) * load<f32>(a.rstd + at));
  }
}

@unmanaged
class BatchNormBackwardSumsArgs {
  x: usize;
  dy: usize;
  mean: usize;
  scale: usize;
  beta: usize;
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
  const mean = a.mean;
  const scale = a.scale;
  const beta = a.beta;
  let x = a.x + <usize>first * step;
  let dy = a.dy + <usize>first * step;
  memory.fill(sums, 0, 2 * padded);
  const end = x + <usize>count * step;
  while (x < end) {
    for (let c: usize = 0; c < padded; c += 16) {
      const d = f32x4.sub(v128.load(x + c), v128.load(mean + c));
      const dz = masked(d, v128.load(dy + c), scale + c, beta + c, activation);
      v128.store(sums + c, f32x4.add(v128.load(sums + c), dz));
      v128.store(products + c, f32x4.add(v128.load(products + c), f32x4.mul(dz, d)));
    }
    x += step;
    dy += step;
  }
}

/** dz from d = x - mean. */
// @ts-ignore: decorator
@inline
function masked(d: v128, dy: v128, scale: usize, beta: usize, activation: i32): v128 {
  if (activation == NONE) return dy;
  return clampGradient(f32x4.add(f32x4.mul(d, v128.load(scale)), v128.load(beta)), dy, activation);
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
  mean: usize;
  scale: usize;
  beta: usize;
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
  const whole = step & ~15;
  const tail = a.channels & 3;
  const mean = a.mean;
  const scale = a.scale;
  const beta = a.beta;
  const k0 = a.coefficients;
  const k1 = k0 + ((step + 15) & ~15);
  let x = a.x + <usize>start * step;
  let dy = a.dy + <usize>start * step;
  let dx = a.dx + <usize>start * step;
  for (let r = start; r < end; r++) {
    for (let c: usize = 0; c < whole; c += 16) {
      v128.store(dx + c, gradient(x + c, dy + c, mean + c, scale + c, beta + c, k0 + c, k1 + c, activation));
    }
    if (tail > 0) {
      const c = whole;
      storeFirst(dx + c, gradient(x + c, dy + c, mean + c, scale + c, beta + c, k0 + c, k1 + c, activation), tail);
    }
    x += step;
    dy += step;
    dx += step;
  }
}

// @ts-ignore: decorator
@inline
function gradient(
  x: usize,
  dy: usize,
  mean: usize,
  scale: usize,
  beta: usize,
  k0: usize,
  k1: usize,
  activation: i32,
): v128 {
  const d = f32x4.sub(v128.load(x), v128.load(mean));
  const dz = masked(d, v128.load(dy), scale, beta, activation);
  const sum = f32x4.add(f32x4.mul(v128.load(scale), dz), v128.load(k0));
  return f32x4.add(sum, f32x4.mul(d, v128.load(k1)));
}
