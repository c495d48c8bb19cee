import { rangeEnd, rangeStart } from './range';
import { COEFFICIENTS, coefficientsOf } from './batch-norm-coefficients';
import { storeFirst } from './lanes';
import { clampGradient, gradientLimit, gradientShift } from './clamp';

/** Bytes of the partial sums of 4 channels. */
const PARTIAL: usize = 32;

@unmanaged
class BatchNormBackwardSumsArgs {
  x: usize;
  dy: usize;
  coefficients: usize;
  /** [chunks][channels / 4][2][4]: sum of dz, sum of dz (x - mean). */
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
  for (let chunk = rangeStart(chunks, thread, threads); chunk < end; chunk++) sumChunk(a, chunk);
}

function sumChunk(a: BatchNormBackwardSumsArgs, chunk: i32): void {
  const shift = gradientShift(a.activation);
  const limit = gradientLimit(a.activation);
  const bytes = <usize>((a.channels + 3) >> 2) * PARTIAL;
  const step = (<usize>a.channels) << 2;
  const first = chunk * a.chunkRows;
  const partials = a.partials + <usize>chunk * bytes;
  const stop = partials + bytes;
  let x = a.x + <usize>first * step;
  let dy = a.dy + <usize>first * step;
  memory.fill(partials, 0, bytes);
  for (let rows = min(a.chunkRows, a.rows - first); rows > 0; rows--) {
    let k = a.coefficients;
    let x0 = x;
    let dy0 = dy;
    for (let p = partials; p < stop; p += PARTIAL) {
      const d = f32x4.sub(v128.load(x0), v128.load(k));
      const dz = clampGradient(linear(d, v128.load(k, 16), v128.load(k, 32)), v128.load(dy0), shift, limit);
      addTo(p, dz);
      addTo(p + 16, f32x4.mul(dz, d));
      x0 += 16;
      dy0 += 16;
      k += COEFFICIENTS;
    }
    x += step;
    dy += step;
  }
}

// @ts-ignore: decorator
@inline
function addTo(p: usize, v: v128): void {
  v128.store(p, f32x4.add(v128.load(p), v));
}

/** What the activation saw, from d = x - mean. */
// @ts-ignore: decorator
@inline
function linear(d: v128, scale: v128, beta: v128): v128 {
  return f32x4.add(f32x4.mul(d, scale), beta);
}

@unmanaged
class BatchNormBackwardFinishArgs {
  partials: usize;
  gamma: usize;
  rstd: usize;
  dgamma: usize;
  dbeta: usize;
  /** k0 and k1 are added to it: what dx needs, see batchNormBackwardApply. */
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
  const bytes = <usize>((a.channels + 3) >> 2) * PARTIAL;
  const chunks = (a.rows + a.chunkRows - 1) / a.chunkRows;
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    let sum: f64 = 0;
    let product: f64 = 0;
    let p = a.partials + <usize>(i >> 2) * PARTIAL + ((<usize>(i & 3)) << 2);
    for (let chunk = 0; chunk < chunks; chunk++) {
      sum += <f64>load<f32>(p);
      product += <f64>load<f32>(p, 16);
      p += bytes;
    }
    const rstd = <f64>load<f32>(a.rstd + at);
    const scale = a.training ? (<f64>load<f32>(a.gamma + at) * rstd) / <f64>a.rows : 0;
    store<f32>(a.dbeta + at, <f32>sum);
    store<f32>(a.dgamma + at, <f32>(product * rstd));
    const k = coefficientsOf(a.coefficients, i);
    store<f32>(k, <f32>(-scale * sum), 48);
    store<f32>(k, <f32>(-scale * rstd * rstd * product), 64);
  }
}

@unmanaged
class BatchNormBackwardApplyArgs {
  x: usize;
  dy: usize;
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
  const shift = gradientShift(a.activation);
  const limit = gradientLimit(a.activation);
  const step = (<usize>a.channels) << 2;
  const whole = step & ~15;
  const tail = a.channels & 3;
  const start = rangeStart(a.rows, thread, threads);
  let x = a.x + <usize>start * step;
  let dy = a.dy + <usize>start * step;
  let dx = a.dx + <usize>start * step;
  for (let rows = rangeEnd(a.rows, thread, threads) - start; rows > 0; rows--) {
    let k = a.coefficients;
    for (const stop = x + whole; x < stop; ) {
      v128.store(dx, gradient(x, dy, k, shift, limit));
      x += 16;
      dy += 16;
      dx += 16;
      k += COEFFICIENTS;
    }
    if (tail > 0) {
      storeFirst(dx, gradient(x, dy, k, shift, limit), tail);
      x += step - whole;
      dy += step - whole;
      dx += step - whole;
    }
  }
}

// @ts-ignore: decorator
@inline
function gradient(x: usize, dy: usize, k: usize, shift: v128, limit: v128): v128 {
  const d = f32x4.sub(v128.load(x), v128.load(k));
  const scale = v128.load(k, 16);
  const dz = clampGradient(linear(d, scale, v128.load(k, 32)), v128.load(dy), shift, limit);
  return f32x4.add(f32x4.add(f32x4.mul(scale, dz), v128.load(k, 48)), f32x4.mul(d, v128.load(k, 64)));
}
