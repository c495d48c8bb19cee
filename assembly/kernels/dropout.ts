import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';

@unmanaged
class DropoutArgs {
  x: usize;
  /** u32: the step. */
  counter: usize;
  y: usize;
  count: i32;
  seed: i32;
  stream: i32;
  /** Smallest 24-bit number that keeps its element: p 2^24, rounded up. */
  threshold: i32;
  scale: f32;
}

/**
 * y[i] = x[i] scale where the top 24 bits of word i % 4 of Philox4x32-10 (Salmon et al., SC 2011) with key
 * (seed, stream) and counter (i / 4, step, 0, 0) reach the threshold, else 0. Four blocks at a time.
 */
export function dropout(args: usize, thread: i32, threads: i32): void {
  const a = changetype<DropoutArgs>(args);
  const groups = (a.count + 15) >> 4;
  const end = rangeEnd(groups, thread, threads);
  const step = v128.load32_splat(a.counter);
  const threshold = i32x4.splat(a.threshold);
  const scale = f32x4.splat(a.scale);
  for (let group = rangeStart(groups, thread, threads); group < end; group++) {
    let c0 = i32x4.add(i32x4.splat(group << 2), i32x4(0, 1, 2, 3));
    let c1 = step;
    let c2 = i32x4.splat(0);
    let c3 = c2;
    let k0 = a.seed;
    let k1 = a.stream;
    for (let round = 0; round < 10; round++) {
      const low0 = i32x4.mul(c0, i32x4.splat(0xd2511f53));
      const high0 = multiplyHigh(c0, 0xd2511f53);
      const low1 = i32x4.mul(c2, i32x4.splat(0xcd9e8d57));
      const high1 = multiplyHigh(c2, 0xcd9e8d57);
      c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(k0));
      c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(k1));
      c1 = low1;
      c3 = low0;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    // Lanes are blocks and must become words: a 4x4 transpose.
    const p = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
    const q = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
    const r = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
    const s = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    const i = group << 4;
    const x = a.x + ((<usize>i) << 2);
    const y = a.y + ((<usize>i) << 2);
    const left = a.count - i;
    drop(x, y, v128.shuffle<i32>(p, q, 0, 1, 4, 5), threshold, scale, left);
    drop(x + 16, y + 16, v128.shuffle<i32>(p, q, 2, 3, 6, 7), threshold, scale, left - 4);
    drop(x + 32, y + 32, v128.shuffle<i32>(r, s, 0, 1, 4, 5), threshold, scale, left - 8);
    drop(x + 48, y + 48, v128.shuffle<i32>(r, s, 2, 3, 6, 7), threshold, scale, left - 12);
  }
}

/** High 32 bits of the unsigned products. */
// @ts-ignore: decorator
@inline
function multiplyHigh(x: v128, factor: u32): v128 {
  const m = i32x4.splat(factor);
  const low = i64x2.extmul_low_i32x4_u(x, m);
  const high = i64x2.extmul_high_i32x4_u(x, m);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function drop(x: usize, y: usize, words: v128, threshold: v128, scale: v128, n: i32): void {
  if (n <= 0) return;
  const keep = i32x4.ge_s(i32x4.shr_u(words, 8), threshold);
  storeFirst(y, v128.and(f32x4.mul(v128.load(x), scale), keep), n);
}
