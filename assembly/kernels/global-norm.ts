import { rangeEnd, rangeStart } from './range';
import { firstLanes } from './lanes';
import { segmentAt } from './segment';

@unmanaged
class GlobalNormSquaresArgs {
  gradient: usize;
  segments: usize;
  /** f64 [count] */
  partials: usize;
  count: i32;
}

/** Sum of squares of each segment, in f64: no gradient is too large for it. */
export function globalNormSquares(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GlobalNormSquaresArgs>(args);
  const end = rangeEnd(a.count, thread, threads);
  for (let i = rangeStart(a.count, thread, threads); i < end; i++) {
    const segment = segmentAt(a.segments, i);
    let low = f64x2.splat(0);
    let high = low;
    let p = a.gradient + <usize>segment.offset;
    for (let n = segment.count; n > 0; n -= 4) {
      // The gap after a tensor may hold anything.
      const g = v128.and(v128.load(p), firstLanes(n));
      const g0 = f64x2.promote_low_f32x4(g);
      const g1 = f64x2.promote_low_f32x4(v128.shuffle<i32>(g, g, 2, 3, 0, 1));
      low = f64x2.add(low, f64x2.mul(g0, g0));
      high = f64x2.add(high, f64x2.mul(g1, g1));
      p += 16;
    }
    const sum = f64x2.add(low, high);
    store<f64>(a.partials + ((<usize>i) << 3), f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
}

@unmanaged
class GlobalNormFinishArgs {
  partials: usize;
  norm: usize;
  coefficient: usize;
  count: i32;
  /** 0: do not clip. */
  maxNorm: f32;
}

/** norm = sqrt(sum), coefficient = min(1, maxNorm / (norm + 1e-6)); a norm that is NaN gives NaN. */
export function globalNormFinish(args: usize, thread: i32, threads: i32): void {
  if (thread > 0) return;
  const a = changetype<GlobalNormFinishArgs>(args);
  let sum: f64 = 0;
  for (let i = 0; i < a.count; i++) sum += load<f64>(a.partials + ((<usize>i) << 3));
  const norm = sqrt<f64>(sum);
  let coefficient: f64 = 1;
  if (a.maxNorm > 0) {
    coefficient = <f64>a.maxNorm / (norm + 1e-6);
    if (coefficient > 1) coefficient = 1;
  }
  store<f32>(a.norm, <f32>norm);
  store<f32>(a.coefficient, <f32>coefficient);
}
