/**
 * Limits that kernels are compared with: the multiply-add rate of one core, and the rate of a copy.
 * They compute nothing that anybody needs.
 */

@unmanaged
class ProbeMultiplyAddArgs {
  data: usize;
  iterations: i32;
}

/**
 * 9 independent accumulators, c(i,j) += a(i)·b(j) with b loaded again from L1: 72 operations an iteration. A chained
 * loop (c = c·m + d) waits for its own results and shows a lower "peak" than real kernels reach.
 */
export function probeMultiplyAdd(args: usize, thread: i32, threads: i32): void {
  const p = changetype<ProbeMultiplyAddArgs>(args);
  const base = p.data + ((<usize>thread) << 8);
  const a0 = v128.load(base, 0);
  const a1 = v128.load(base, 16);
  const a2 = v128.load(base, 32);
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  let c6 = c0;
  let c7 = c0;
  let c8 = c0;
  for (let i = p.iterations; i > 0; i--) {
    let b = v128.load(base, 48);
    c0 = f32x4.add(c0, f32x4.mul(a0, b));
    c1 = f32x4.add(c1, f32x4.mul(a1, b));
    c2 = f32x4.add(c2, f32x4.mul(a2, b));
    b = v128.load(base, 64);
    c3 = f32x4.add(c3, f32x4.mul(a0, b));
    c4 = f32x4.add(c4, f32x4.mul(a1, b));
    c5 = f32x4.add(c5, f32x4.mul(a2, b));
    b = v128.load(base, 80);
    c6 = f32x4.add(c6, f32x4.mul(a0, b));
    c7 = f32x4.add(c7, f32x4.mul(a1, b));
    c8 = f32x4.add(c8, f32x4.mul(a2, b));
  }
  let sum = f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3));
  sum = f32x4.add(sum, f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)));
  v128.store(base, f32x4.add(sum, c8), 96);
}
