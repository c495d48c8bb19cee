import { rangeEnd, rangeStart } from './range';
import { COEFFICIENTS, storeCoefficients } from './batch-norm-coefficients';
import { storeFirst } from './lanes';
import { clampTo, highest, lowest } from './clamp';
import { paddedBytes, shiftedSums } from './shifted-sums';

@unmanaged
class BatchNormStatisticsArgs {
  x: usize;
  /** [chunks][3][channels rounded up to 4]: shift, sum of d, sum of d^2 with d = x - shift. */
  partials: usize;
  rows: i32;
  channels: i32;
  chunkRows: i32;
}

/** First pass over x[rows][channels], chunk by chunk. Chunks depend on the shape alone. */
export function batchNormStatistics(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormStatisticsArgs>(args);
  const chunks = (a.rows + a.chunkRows - 1) / a.chunkRows;
  const end = rangeEnd(chunks, thread, threads);
  for (let chunk = rangeStart(chunks, thread, threads); chunk < end; chunk++) {
    const first = chunk * a.chunkRows;
    const x = a.x + ((<usize>first * a.channels) << 2);
    const partial = a.partials + <usize>chunk * 3 * paddedBytes(a.channels);
    shiftedSums(x, min(a.chunkRows, a.rows - first), a.channels, partial);
  }
}

@unmanaged
class BatchNormFinishArgs {
  partials: usize;
  gamma: usize;
  beta: usize;
  runningMeanIn: usize;
  runningVarIn: usize;
  mean: usize;
  rstd: usize;
  coefficients: usize;
  runningMean: usize;
  runningVar: usize;
  rows: i32;
  channels: i32;
  chunkRows: i32;
  eps: f32;
  momentum: f32;
}

/**
 * Merges the chunks in order (Chan et al. 1979): mean = sum n_i mean_i / n, M2 = sum (M2_i + n_i (mean_i - mean)^2).
 * running = (1 - momentum) running + momentum new, with the unbiased variance M2 / (n - 1).
 */
export function batchNormFinish(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormFinishArgs>(args);
  const vectors = (a.channels + 3) >> 2;
  const end = rangeEnd(vectors, thread, threads);
  for (let i = rangeStart(vectors, thread, threads); i < end; i++) {
    const n = a.channels - (i << 2);
    finishPair(a, i << 2, n);
    if (n > 2) finishPair(a, (i << 2) + 2, n - 2);
  }
}

/** Two channels, in f64. */
function finishPair(a: BatchNormFinishArgs, channel: i32, n: i32): void {
  const padded = paddedBytes(a.channels);
  const start = a.partials + ((<usize>channel) << 2);
  const chunks = (a.rows + a.chunkRows - 1) / a.chunkRows;
  let total = f64x2.splat(0);
  let p = start;
  for (let i = 0; i < chunks; i++) {
    const count = f64x2.splat(<f64>min(a.chunkRows, a.rows - i * a.chunkRows));
    total = f64x2.add(total, f64x2.add(f64x2.mul(count, load2(p)), load2(p + padded)));
    p += 3 * padded;
  }
  const mean = f64x2.div(total, f64x2.splat(<f64>a.rows));
  let m2 = f64x2.splat(0);
  p = start;
  for (let i = 0; i < chunks; i++) {
    const count = f64x2.splat(<f64>min(a.chunkRows, a.rows - i * a.chunkRows));
    const sum = load2(p + padded);
    // With d = x - shift and delta = mean - shift: sum (d - delta)^2 = sum d^2 - 2 delta sum d + n delta^2.
    const delta = f64x2.sub(mean, load2(p));
    const cross = f64x2.mul(delta, f64x2.sub(f64x2.mul(count, delta), f64x2.add(sum, sum)));
    m2 = f64x2.add(m2, f64x2.add(load2(p + 2 * padded), cross));
    p += 3 * padded;
  }
  finishChannel(a, channel, f64x2.extract_lane(mean, 0), f64x2.extract_lane(m2, 0));
  if (n > 1) finishChannel(a, channel + 1, f64x2.extract_lane(mean, 1), f64x2.extract_lane(m2, 1));
}

// @ts-ignore: decorator
@inline
function load2(p: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(p));
}

function finishChannel(a: BatchNormFinishArgs, channel: i32, mean: f64, deviations: f64): void {
  const at = (<usize>channel) << 2;
  const m2 = max(deviations, 0);
  const momentum = <f64>a.momentum;
  const rstd = <f32>(1 / sqrt<f64>(m2 / <f64>a.rows + <f64>a.eps));
  store<f32>(a.mean + at, <f32>mean);
  store<f32>(a.rstd + at, rstd);
  storeCoefficients(a.coefficients, channel, <f32>mean, load<f32>(a.gamma + at) * rstd, load<f32>(a.beta + at));
  const oldMean = <f64>load<f32>(a.runningMeanIn + at);
  const oldVar = <f64>load<f32>(a.runningVarIn + at);
  store<f32>(a.runningMean + at, <f32>(oldMean + momentum * (mean - oldMean)));
  store<f32>(a.runningVar + at, <f32>(oldVar + momentum * (m2 / <f64>max(a.rows - 1, 1) - oldVar)));
}

@unmanaged
class BatchNormCoefficientsArgs {
  mean: usize;
  rstd: usize;
  gamma: usize;
  beta: usize;
  coefficients: usize;
  channels: i32;
}

/** The coefficients of a backward pass from what forward kept: scale is the same product as there. */
export function batchNormCoefficients(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormCoefficientsArgs>(args);
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    const scale = load<f32>(a.gamma + at) * load<f32>(a.rstd + at);
    storeCoefficients(a.coefficients, i, load<f32>(a.mean + at), scale, load<f32>(a.beta + at));
  }
}

@unmanaged
class BatchNormInferenceCoefficientsArgs {
  mean: usize;
  variance: usize;
  gamma: usize;
  beta: usize;
  rstd: usize;
  coefficients: usize;
  channels: i32;
  eps: f32;
}

/** The same with rstd = 1 / sqrt(variance + eps). */
export function batchNormInferenceCoefficients(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormInferenceCoefficientsArgs>(args);
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    const rstd = <f32>(1 / sqrt<f64>(<f64>load<f32>(a.variance + at) + <f64>a.eps));
    store<f32>(a.rstd + at, rstd);
    const scale = load<f32>(a.gamma + at) * rstd;
    storeCoefficients(a.coefficients, i, load<f32>(a.mean + at), scale, load<f32>(a.beta + at));
  }
}

@unmanaged
class BatchNormApplyArgs {
  x: usize;
  coefficients: usize;
  y: usize;
  rows: i32;
  channels: i32;
  activation: i32;
}

/**
 * y = activation((x - mean) scale + beta), x[rows][channels]. One row after another: two at a time would share the
 * coefficients, but what is beyond the L2 cache then comes at half the speed.
 */
export function batchNormApply(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormApplyArgs>(args);
  const low = lowest(a.activation);
  const high = highest(a.activation);
  const step = (<usize>a.channels) << 2;
  const whole = step & ~15;
  const tail = a.channels & 3;
  const start = rangeStart(a.rows, thread, threads);
  let x = a.x + <usize>start * step;
  let y = a.y + <usize>start * step;
  for (let rows = rangeEnd(a.rows, thread, threads) - start; rows > 0; rows--) {
    let k = a.coefficients;
    for (const stop = x + whole; x < stop; ) {
      v128.store(y, clampTo(normalise(x, k), low, high));
      x += 16;
      y += 16;
      k += COEFFICIENTS;
    }
    if (tail > 0) {
      storeFirst(y, clampTo(normalise(x, k), low, high), tail);
      x += step - whole;
      y += step - whole;
    }
  }
}

// @ts-ignore: decorator
@inline
function normalise(x: usize, k: usize): v128 {
  const d = f32x4.sub(v128.load(x), v128.load(k));
  return f32x4.add(f32x4.mul(d, v128.load(k, 16)), v128.load(k, 32));
}
