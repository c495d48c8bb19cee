import { rangeStart, rangeEnd } from './range';

@unmanaged
class FillArgs {
  y: usize;
  count: i32;
  value: f32;
}

/** y[i] = value */
export function fill(args: usize, thread: i32, threads: i32): void {
  const a = changetype<FillArgs>(args);
  const end = rangeEnd(a.count, thread, threads);
  for (let i = rangeStart(a.count, thread, threads); i < end; i++) {
    store<f32>(a.y + (<usize>i << 2), a.value);
  }
}
