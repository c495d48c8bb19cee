import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { clampTo, highest, lowest } from './clamp';

@unmanaged
class AddActivationArgs {
  a: usize;
  b: usize;
  y: usize;
  count: i32;
  activation: i32;
}

/** y = act(a + b) in one pass; all three have one shape. */
export function addActivation(args: usize, thread: i32, threads: i32): void {
  const r = changetype<AddActivationArgs>(args);
  const low = lowest(r.activation);
  const high = highest(r.activation);
  const vectors = (r.count + 3) >> 2;
  const start = rangeStart(vectors, thread, threads) << 2;
  let n = min(rangeEnd(vectors, thread, threads) << 2, r.count) - start;
  let a = r.a + ((<usize>start) << 2);
  let b = r.b + ((<usize>start) << 2);
  let y = r.y + ((<usize>start) << 2);
  for (; n >= 8; n -= 8) {
    const first = f32x4.add(v128.load(a), v128.load(b));
    const second = f32x4.add(v128.load(a, 16), v128.load(b, 16));
    v128.store(y, clampTo(first, low, high));
    v128.store(y, clampTo(second, low, high), 16);
    a += 32;
    b += 32;
    y += 32;
  }
  for (; n > 0; n -= 4) {
    storeFirst(y, clampTo(f32x4.add(v128.load(a), v128.load(b)), low, high), n);
    a += 16;
    b += 16;
    y += 16;
  }
}
