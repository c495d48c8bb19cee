import { rangeEnd, rangeStart } from './range';
import { firstLanes } from './lanes';

@unmanaged
class TopKCorrectArgs {
  logits: usize;
  target: usize;
  /** i32 [limits] */
  k: usize;
  /** i32 [threads][limits] */
  partials: usize;
  rows: i32;
  classes: i32;
  limits: i32;
  ignoreIndex: i32;
}

/** Counts rows whose target is among the k largest; among equals the lower class comes first. */
export function topKCorrect(args: usize, thread: i32, threads: i32): void {
  const a = changetype<TopKCorrectArgs>(args);
  const counts = a.partials + ((<usize>thread * a.limits) << 2);
  memory.fill(counts, 0, (<usize>a.limits) << 2);
  const end = rangeEnd(a.rows, thread, threads);
  for (let row = rangeStart(a.rows, thread, threads); row < end; row++) {
    const t = load<i32>(a.target + ((<usize>row) << 2));
    if (t == a.ignoreIndex || t < 0 || t >= a.classes) continue;
    const rank = rankOf(a.logits + ((<usize>row * a.classes) << 2), t, a.classes);
    for (let i = 0; i < a.limits; i++) {
      const at = (<usize>i) << 2;
      if (rank < load<i32>(a.k + at)) store<i32>(counts + at, load<i32>(counts + at) + 1);
    }
  }
}

/** Classes that come before t. A NaN anywhere counts against it: a diverged model is never right. */
function rankOf(logits: usize, t: i32, classes: i32): i32 {
  const own = v128.load32_splat(logits + ((<usize>t) << 2));
  let count = i32x4.splat(0);
  for (let c = 0; c < classes; c += 4) {
    const x = v128.load(logits + ((<usize>c) << 2));
    const earlier = i32x4.lt_s(i32x4.add(i32x4.splat(c), i32x4(0, 1, 2, 3)), i32x4.splat(t));
    const behind = v128.bitselect(f32x4.lt(x, own), f32x4.le(x, own), earlier);
    count = i32x4.sub(count, v128.andnot(firstLanes(classes - c), behind));
  }
  const pairs = i32x4.add(count, v128.shuffle<i32>(count, count, 2, 3, 0, 1));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

@unmanaged
class TopKCorrectFinishArgs {
  partials: usize;
  counts: usize;
  limits: i32;
}

/** Whole numbers, so the threads' shares add up alike however many there were. */
export function topKCorrectFinish(args: usize, thread: i32, threads: i32): void {
  if (thread > 0) return;
  const a = changetype<TopKCorrectFinishArgs>(args);
  for (let i = 0; i < a.limits; i++) {
    let sum = 0;
    for (let j = 0; j < threads; j++) sum += load<i32>(a.partials + ((<usize>(j * a.limits + i)) << 2));
    store<f32>(a.counts + ((<usize>i) << 2), <f32>sum);
  }
}
