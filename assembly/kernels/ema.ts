import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { segmentAt } from './segment';

@unmanaged
class EmaArgs {
  value: usize;
  average: usize;
  newAverage: usize;
  segments: usize;
  count: i32;
  /** 1 - momentum, rounded once. */
  keep: f32;
  momentum: f32;
}

/** average = (1 - momentum) average + momentum value */
export function ema(args: usize, thread: i32, threads: i32): void {
  const a = changetype<EmaArgs>(args);
  const keep = f32x4.splat(a.keep);
  const momentum = f32x4.splat(a.momentum);
  const end = rangeEnd(a.count, thread, threads);
  for (let i = rangeStart(a.count, thread, threads); i < end; i++) {
    const segment = segmentAt(a.segments, i);
    let at = <usize>segment.offset;
    for (let n = segment.count; n > 0; n -= 4) {
      const next = f32x4.mul(v128.load(a.value + at), momentum);
      storeFirst(a.newAverage + at, f32x4.add(f32x4.mul(v128.load(a.average + at), keep), next), n);
      at += 16;
    }
  }
}
