import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { segmentAt } from './segment';

@unmanaged
class AccumulateArgs {
  sum: usize;
  gradient: usize;
  factor: usize;
  newSum: usize;
  segments: usize;
  count: i32;
}

/** sum = sum + factor gradient */
export function accumulate(args: usize, thread: i32, threads: i32): void {
  const a = changetype<AccumulateArgs>(args);
  const factor = v128.load32_splat(a.factor);
  const end = rangeEnd(a.count, thread, threads);
  for (let i = rangeStart(a.count, thread, threads); i < end; i++) {
    const segment = segmentAt(a.segments, i);
    let at = <usize>segment.offset;
    for (let n = segment.count; n > 0; n -= 4) {
      const share = f32x4.mul(v128.load(a.gradient + at), factor);
      storeFirst(a.newSum + at, f32x4.add(v128.load(a.sum + at), share), n);
      at += 16;
    }
  }
}
