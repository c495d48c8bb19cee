import { rangeStart, rangeEnd } from './range';

@unmanaged
class SumPartialsArgs {
  x: usize;
  y: usize;
  count: i32;
  partials: i32;
}

/** y[i] = x[0][i] + x[1][i] + ..., in that order. */
export function sumPartials(args: usize, thread: i32, threads: i32): void {
  const a = changetype<SumPartialsArgs>(args);
  const bytes = (<usize>a.count) << 2;
  const end = rangeEnd(a.count, thread, threads);
  let i = rangeStart(a.count, thread, threads);
  for (; i + 4 <= end; i += 4) {
    let x = a.x + ((<usize>i) << 2);
    let sum = v128.load(x);
    for (let p = a.partials; p > 1; p--) {
      x += bytes;
      sum = f32x4.add(sum, v128.load(x));
    }
    v128.store(a.y + ((<usize>i) << 2), sum);
  }
  for (; i < end; i++) {
    let x = a.x + ((<usize>i) << 2);
    let sum = load<f32>(x);
    for (let p = a.partials; p > 1; p--) {
      x += bytes;
      sum += load<f32>(x);
    }
    store<f32>(a.y + ((<usize>i) << 2), sum);
  }
}
