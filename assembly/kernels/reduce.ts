import { rangeEnd, rangeStart } from './range';
import { firstLanes, storeFirst, sumLanes } from './lanes';

@unmanaged
class ReduceChunksArgs {
  /** [outer][count][inner] */
  x: usize;
  /** [chunks][outer][inner] */
  partials: usize;
  outer: i32;
  count: i32;
  inner: i32;
  chunk: i32;
  factor: f32;
}

/** partials[k][o][i] = factor * sum over the k-th chunk of x[o][..][i]. Chunks depend on the shape alone. */
export function reduceChunks(args: usize, thread: i32, threads: i32): void {
  const a = changetype<ReduceChunksArgs>(args);
  const chunks = (a.count + a.chunk - 1) / a.chunk;
  // With an inner axis, blocks of 64 columns are items of their own: there may be a single chunk.
  const blocks = (a.inner + 63) >> 6;
  const items = chunks * a.outer * blocks;
  const end = rangeEnd(items, thread, threads);
  for (let item = rangeStart(items, thread, threads); item < end; item++) {
    const block = item % blocks;
    const outer = (item / blocks) % a.outer;
    const chunk = item / blocks / a.outer;
    const first = chunk * a.chunk;
    const count = min(a.chunk, a.count - first);
    const x = a.x + (((<usize>outer * a.count + first) * a.inner + (block << 6)) << 2);
    const y = a.partials + (((<usize>chunk * a.outer + outer) * a.inner + (block << 6)) << 2);
    if (a.inner == 1) store<f32>(y, sumRow(x, count) * a.factor);
    else sumColumns(x, y, count, a.inner, min(64, a.inner - (block << 6)), a.factor);
  }
}

function sumRow(x: usize, n: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; n >= 16; n -= 16) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
    x += 64;
  }
  for (; n > 0; n -= 4) {
    s0 = f32x4.add(s0, v128.and(v128.load(x), firstLanes(n)));
    x += 16;
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

function sumColumns(x: usize, y: usize, count: i32, inner: i32, width: i32, factor: f32): void {
  const step = (<usize>inner) << 2;
  const scale = f32x4.splat(factor);
  for (; width >= 16; width -= 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let p = x;
    for (let r = 0; r < count; r++) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
      p += step;
    }
    v128.store(y, f32x4.mul(s0, scale));
    v128.store(y, f32x4.mul(s1, scale), 16);
    v128.store(y, f32x4.mul(s2, scale), 32);
    v128.store(y, f32x4.mul(s3, scale), 48);
    x += 64;
    y += 64;
  }
  for (; width > 0; width -= 4) {
    let s = f32x4.splat(0);
    let p = x;
    for (let r = 0; r < count; r++) {
      s = f32x4.add(s, v128.load(p));
      p += step;
    }
    storeFirst(y, f32x4.mul(s, scale), width);
    x += 16;
    y += 16;
  }
}
