/** y[c][r] = x[r][c] for a 4x4 block; strides in bytes. */
// @ts-ignore: decorator
@inline
export function transpose4x4(x: usize, xStride: usize, y: usize, yStride: usize): void {
  transposeRows4x4(x, x + xStride, x + (xStride << 1), x + xStride * 3, y, yStride);
}

/** The same for four rows that lie anywhere. */
// @ts-ignore: decorator
@inline
export function transposeRows4x4(x0: usize, x1: usize, x2: usize, x3: usize, y: usize, yStride: usize): void {
  const r0 = v128.load(x0);
  const r1 = v128.load(x1);
  const r2 = v128.load(x2);
  const r3 = v128.load(x3);
  const a0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const a1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const a2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const a3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<i32>(a0, a1, 0, 1, 4, 5));
  v128.store(y + yStride, v128.shuffle<i32>(a0, a1, 2, 3, 6, 7));
  v128.store(y + (yStride << 1), v128.shuffle<i32>(a2, a3, 0, 1, 4, 5));
  v128.store(y + yStride * 3, v128.shuffle<i32>(a2, a3, 2, 3, 6, 7));
}
