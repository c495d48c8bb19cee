import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { clampTo, NONE, RELU, RELU6 } from './clamp';
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
  runningMeanIn: usize;
  runningVarIn: usize;
  mean: usize;
  rstd: usize;
  /** gamma rstd */
  scale: usize;
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
  store<f32>(a.mean + at, <f32>mean);
  const rstd = <f32>(1 / sqrt<f64>(m2 / <f64>a.rows + <f64>a.eps));
  store<f32>(a.rstd + at, rstd);
  store<f32>(a.scale + at, load<f32>(a.gamma + at) * rstd);
  const oldMean = <f64>load<f32>(a.runningMeanIn + at);
  const oldVar = <f64>load<f32>(a.runningVarIn + at);
  store<f32>(a.runningMean + at, <f32>(oldMean + momentum * (mean - oldMean)));
  store<f32>(a.runningVar + at, <f32>(oldVar + momentum * (m2 / <f64>max(a.rows - 1, 1) - oldVar)));
}

@unmanaged
class BatchNormInferenceScaleArgs {
  variance: usize;
  gamma: usize;
  rstd: usize;
  scale: usize;
  channels: i32;
  eps: f32;
}

/** rstd = 1 / sqrt(variance + eps), scale = gamma rstd */
export function batchNormInferenceScale(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormInferenceScaleArgs>(args);
  const end = rangeEnd(a.channels, thread, threads);
  for (let i = rangeStart(a.channels, thread, threads); i < end; i++) {
    const at = (<usize>i) << 2;
    const rstd = <f32>(1 / sqrt<f64>(<f64>load<f32>(a.variance + at) + <f64>a.eps));
    store<f32>(a.rstd + at, rstd);
    store<f32>(a.scale + at, load<f32>(a.gamma + at) * rstd);
  }
}

@unmanaged
class BatchNormApplyArgs {
  x: usize;
  mean: usize;
  scale: usize;
  beta: usize;
  y: usize;
  rows: i32;
  channels: i32;
  activation: i32;
}

/**
 * y = activation((x - mean) scale + beta), x[rows][channels]. One row after another: several rows at a time would reuse
 * the coefficients in registers, but their interleaved streams halve the bandwidth of memory.
 */
export function batchNormApply(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BatchNormApplyArgs>(args);
  const start = rangeStart(a.rows, thread, threads);
  const end = rangeEnd(a.rows, thread, threads);
  if (a.activation == RELU) applyRows(a, RELU, start, end);
  else if (a.activation == RELU6) applyRows(a, RELU6, start, end);
  else applyRows(a, NONE, start, end);
}

// @ts-ignore: decorator
@inline
function applyRows(a: BatchNormApplyArgs, activation: i32, start: i32, end: i32): void {
  const step = (<usize>a.channels) << 2;
  const whole = step & ~15;
  const mean = a.mean;
  const scale = a.scale;
  const beta = a.beta;
  let x = a.x + <usize>start * step;
  let y = a.y + <usize>start * step;
  for (let r = start; r < end; r++) {
    for (let c: usize = 0; c < whole; c += 16) {
      v128.store(y + c, clampTo(normalise(x + c, mean + c, scale + c, beta + c), activation));
    }
    if (whole < step) {
      const z = normalise(x + whole, mean + whole, scale + whole, beta + whole);
      storeFirst(y + whole, clampTo(z, activation), a.channels & 3);
    }
    x += step;
    y += step;
  }
}

// @ts-ignore: decorator
@inline
function normalise(x: usize, mean: usize, scale: usize, beta: usize): v128 {
  const d = f32x4.sub(v128.load(x), v128.load(mean));
  return f32x4.add(f32x4.mul(d, v128.load(scale)), v128.load(beta));
}
