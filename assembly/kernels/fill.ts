import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';

@unmanaged
class FillArgs {
  y: usize;
  count: i32;
  value: f32;
}

/** y[i] = value */
export function fill(args: usize, thread: i32, threads: i32): void {
  const a = changetype<FillArgs>(args);
  const vectors = (a.count + 3) >> 2;
  const v = f32x4.splat(a.value);
  const end = rangeEnd(vectors, thread, threads);
  for (let i = rangeStart(vectors, thread, threads); i < end; i++) {
    storeFirst(a.y + ((<usize>i) << 4), v, a.count - (i << 2));
  }
}
