/**
 * This thread's share of `count` items: contiguous, disjoint, in order. The split is the same arithmetic on both
 * ends, so shares never overlap and never leave a gap.
 */
// @ts-ignore: decorator
@inline
export function rangeStart(count: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>count * thread) / threads);
}

// @ts-ignore: decorator
@inline
export function rangeEnd(count: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>count * (thread + 1)) / threads);
}
