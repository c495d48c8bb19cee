import { rangeEnd, rangeStart } from './range';
import { firstLanes, gather4, maxLanes, storeFirst, sumLanes } from './lanes';
import { exp, exp4, log } from './math';

@unmanaged
class CrossEntropyArgs {
  logits: usize;
  /** i32 [rows], or f32 probabilities laid out like logits. */
  target: usize;
  /** f32 [classes], or null. */
  weight: usize;
  lse: usize;
  /** f64 [chunks][2]: loss, sum of weights. */
  partials: usize;
  rows: i32;
  classes: i32;
  /** Elements from one class to the next; row r starts at r / inner * classes * inner + r % inner. */
  inner: i32;
  soft: i32;
  ignoreIndex: i32;
  smoothing: f32;
  chunk: i32;
}

/**
 * lse = log sum exp z, and the losses of a chunk of rows, each sum over c of a_c (lse - z_c) with
 * a_c = w_c (smoothing / C + (1 - smoothing) p_c), p one-hot for an index (where w of the target replaces w_c).
 */
export function crossEntropy(args: usize, thread: i32, threads: i32): void {
  const a = changetype<CrossEntropyArgs>(args);
  const chunks = (a.rows + a.chunk - 1) / a.chunk;
  const endChunk = rangeEnd(chunks, thread, threads);
  for (let chunk = rangeStart(chunks, thread, threads); chunk < endChunk; chunk++) {
    let loss: f64 = 0;
    let weights: f64 = 0;
    const end = min(a.rows, (chunk + 1) * a.chunk);
    for (let row = chunk * a.chunk; row < end; row++) {
      const z = rowOf(a.logits, row, a.classes, a.inner);
      const lse = logSumExp(z, (<isize>a.inner) << 2, a.classes);
      store<f32>(a.lse + ((<usize>row) << 2), lse);
      if (a.soft) {
        loss += <f64>softLoss(a, z, rowOf(a.target, row, a.classes, a.inner), lse);
        weights += 1;
        continue;
      }
      const t = load<i32>(a.target + ((<usize>row) << 2));
      if (t == a.ignoreIndex) continue;
      const w = targetWeight(a.weight, t, a.classes);
      weights += <f64>w;
      if (t >= 0 && t < a.classes)
        loss += <f64>((<f32>1 - a.smoothing) * w * (lse - load<f32>(z + <usize>(t * a.inner) * 4)));
      else loss = NaN;
      if (a.smoothing > 0) loss += <f64>smoothLoss(a, z, lse);
    }
    store<f64>(a.partials + ((<usize>chunk) << 4), loss);
    store<f64>(a.partials + ((<usize>chunk) << 4), weights, 8);
  }
}

// @ts-ignore: decorator
@inline
function rowOf(base: usize, row: i32, classes: i32, inner: i32): usize {
  return base + ((<usize>(row / inner) * classes * inner + <usize>(row % inner)) << 2);
}

/** A label outside the classes makes the result NaN rather than read foreign memory. */
// @ts-ignore: decorator
@inline
function targetWeight(weight: usize, t: i32, classes: i32): f32 {
  if (t < 0 || t >= classes) return NaN;
  return weight ? load<f32>(weight + ((<usize>t) << 2)) : 1;
}

// @ts-ignore: decorator
@inline
function load4(p: usize, step: isize, n: i32): v128 {
  return step == 4 ? v128.load(p) : gather4(p, step, n);
}

// @ts-ignore: decorator
@inline
function weight4(weight: usize, c: i32): v128 {
  return weight ? v128.load(weight + ((<usize>c) << 2)) : f32x4.splat(1);
}

function logSumExp(z: usize, step: isize, classes: i32): f32 {
  const nothing = f32x4.splat(-Infinity);
  let best = nothing;
  let p = z;
  for (let n = classes; n > 0; n -= 4) {
    best = f32x4.max(best, v128.bitselect(load4(p, step, n), nothing, firstLanes(n)));
    p += 4 * step;
  }
  const most = maxLanes(best);
  const shift = f32x4.splat(most);
  let sum = f32x4.splat(0);
  p = z;
  for (let n = classes; n > 0; n -= 4) {
    sum = f32x4.add(sum, v128.and(exp4(f32x4.sub(load4(p, step, n), shift)), firstLanes(n)));
    p += 4 * step;
  }
  return most + log(sumLanes(sum));
}

function softLoss(a: CrossEntropyArgs, z: usize, target: usize, lse: f32): f32 {
  const step = (<isize>a.inner) << 2;
  const keep = f32x4.splat(<f32>1 - a.smoothing);
  const even = f32x4.splat(a.smoothing / <f32>a.classes);
  let sum = f32x4.splat(0);
  for (let c = 0; c < a.classes; c += 4) {
    const n = a.classes - c;
    const q = f32x4.add(f32x4.mul(load4(target, step, n), keep), even);
    const distance = f32x4.sub(f32x4.splat(lse), load4(z, step, n));
    const loss = f32x4.mul(f32x4.mul(q, weight4(a.weight, c)), distance);
    sum = f32x4.add(sum, v128.and(loss, firstLanes(n)));
    z += 4 * step;
    target += 4 * step;
  }
  return sumLanes(sum);
}

function smoothLoss(a: CrossEntropyArgs, z: usize, lse: f32): f32 {
  const step = (<isize>a.inner) << 2;
  let sum = f32x4.splat(0);
  for (let c = 0; c < a.classes; c += 4) {
    const n = a.classes - c;
    const loss = f32x4.mul(weight4(a.weight, c), f32x4.sub(f32x4.splat(lse), load4(z, step, n)));
    sum = f32x4.add(sum, v128.and(loss, firstLanes(n)));
    z += 4 * step;
  }
  return (sumLanes(sum) * a.smoothing) / <f32>a.classes;
}

@unmanaged
class CrossEntropyFinishArgs {
  partials: usize;
  loss: usize;
  chunks: i32;
  mean: i32;
}

/** loss = sum of losses, divided by the sum of weights for a mean. */
export function crossEntropyFinish(args: usize, thread: i32, threads: i32): void {
  if (thread > 0) return;
  const a = changetype<CrossEntropyFinishArgs>(args);
  let loss: f64 = 0;
  let weights: f64 = 0;
  for (let i = 0; i < a.chunks; i++) {
    loss += load<f64>(a.partials + ((<usize>i) << 4));
    weights += load<f64>(a.partials + ((<usize>i) << 4), 8);
  }
  store<f32>(a.loss, <f32>(a.mean ? loss / weights : loss));
}

@unmanaged
class CrossEntropyWeightsArgs {
  target: usize;
  weight: usize;
  /** f64 [chunks] */
  partials: usize;
  rows: i32;
  classes: i32;
  ignoreIndex: i32;
  chunk: i32;
}

/** Sums of the targets' weights, chunk by chunk: the divisor of the mean, once more for the gradient. */
export function crossEntropyWeights(args: usize, thread: i32, threads: i32): void {
  const a = changetype<CrossEntropyWeightsArgs>(args);
  const chunks = (a.rows + a.chunk - 1) / a.chunk;
  const endChunk = rangeEnd(chunks, thread, threads);
  for (let chunk = rangeStart(chunks, thread, threads); chunk < endChunk; chunk++) {
    let weights: f64 = 0;
    const end = min(a.rows, (chunk + 1) * a.chunk);
    for (let row = chunk * a.chunk; row < end; row++) {
      const t = load<i32>(a.target + ((<usize>row) << 2));
      if (t != a.ignoreIndex) weights += <f64>targetWeight(a.weight, t, a.classes);
    }
    store<f64>(a.partials + ((<usize>chunk) << 3), weights);
  }
}

@unmanaged
class CrossEntropyBackwardArgs {
  logits: usize;
  target: usize;
  weight: usize;
  lse: usize;
  dloss: usize;
  /** f64 [chunks] from crossEntropyWeights, or null: then `divisor` holds. */
  partials: usize;
  dlogits: usize;
  rows: i32;
  classes: i32;
  inner: i32;
  soft: i32;
  ignoreIndex: i32;
  smoothing: f32;
  chunks: i32;
  divisor: f32;
}

/** dz_c = dloss / divisor (softmax(z)_c sum a - a_c), a as above */
export function crossEntropyBackward(args: usize, thread: i32, threads: i32): void {
  const a = changetype<CrossEntropyBackwardArgs>(args);
  let divisor = <f64>a.divisor;
  if (a.partials) {
    divisor = 0;
    for (let i = 0; i < a.chunks; i++) divisor += load<f64>(a.partials + ((<usize>i) << 3));
  }
  const factor = <f32>(<f64>load<f32>(a.dloss) / divisor);
  const even = a.smoothing / <f32>a.classes;
  const evenSum = a.soft ? <f32>0 : even * sumWeights(a.weight, a.classes);
  const end = rangeEnd(a.rows, thread, threads);
  for (let row = rangeStart(a.rows, thread, threads); row < end; row++) {
    const z = rowOf(a.logits, row, a.classes, a.inner);
    const dz = rowOf(a.dlogits, row, a.classes, a.inner);
    const lse = load<f32>(a.lse + ((<usize>row) << 2));
    if (a.soft) {
      const target = rowOf(a.target, row, a.classes, a.inner);
      rowGradient(a, z, target, dz, lse, sumCoefficients(a, target), factor);
      continue;
    }
    const t = load<i32>(a.target + ((<usize>row) << 2));
    if (t == a.ignoreIndex) {
      for (let c = 0; c < a.classes; c++) store<f32>(dz + ((<usize>(c * a.inner)) << 2), 0);
      continue;
    }
    const own = (<f32>1 - a.smoothing) * targetWeight(a.weight, t, a.classes);
    const total = own + evenSum;
    rowGradient(a, z, 0, dz, lse, total, factor);
    if (t < 0 || t >= a.classes) continue; // total is NaN, so the row is
    const at = (<usize>(t * a.inner)) << 2;
    const w: f32 = a.weight ? load<f32>(a.weight + ((<usize>t) << 2)) : 1;
    store<f32>(dz + at, factor * (exp(load<f32>(z + at) - lse) * total - (own + even * w)));
  }
}

function sumWeights(weight: usize, classes: i32): f32 {
  let sum: f64 = 0;
  for (let c = 0; c < classes; c++) sum += weight ? <f64>load<f32>(weight + ((<usize>c) << 2)) : 1;
  return <f32>sum;
}

/** a_c for probabilities, or without the target's own part. */
// @ts-ignore: decorator
@inline
function coefficient4(a: CrossEntropyBackwardArgs, target: usize, c: i32, n: i32): v128 {
  let q = f32x4.splat(a.smoothing / <f32>a.classes);
  if (target) {
    const p = load4(target + ((<usize>(c * a.inner)) << 2), (<isize>a.inner) << 2, n);
    q = f32x4.add(f32x4.mul(p, f32x4.splat(<f32>1 - a.smoothing)), q);
  }
  return f32x4.mul(q, weight4(a.weight, c));
}

function sumCoefficients(a: CrossEntropyBackwardArgs, target: usize): f32 {
  let sum = f32x4.splat(0);
  for (let c = 0; c < a.classes; c += 4) {
    const n = a.classes - c;
    sum = f32x4.add(sum, v128.and(coefficient4(a, target, c, n), firstLanes(n)));
  }
  return sumLanes(sum);
}

function rowGradient(
  a: CrossEntropyBackwardArgs,
  z: usize,
  target: usize,
  dz: usize,
  lse: f32,
  total: f32,
  factor: f32,
): void {
  const step = (<isize>a.inner) << 2;
  for (let c = 0; c < a.classes; c += 4) {
    const n = a.classes - c;
    const p = exp4(f32x4.sub(load4(z, step, n), f32x4.splat(lse)));
    const d = f32x4.sub(f32x4.mul(p, f32x4.splat(total)), coefficient4(a, target, c, n));
    storeRow(dz, f32x4.mul(d, f32x4.splat(factor)), step, n);
    z += 4 * step;
    dz += 4 * step;
  }
}

// @ts-ignore: decorator
@inline
function storeRow(p: usize, v: v128, step: isize, n: i32): void {
  if (step == 4) {
    storeFirst(p, v, n);
    return;
  }
  v128.store32_lane(p, v, 0);
  if (n > 1) v128.store32_lane(p + step, v, 1);
  if (n > 2) v128.store32_lane(p + 2 * step, v, 2);
  if (n > 3) v128.store32_lane(p + 3 * step, v, 3);
}
