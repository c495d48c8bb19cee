import { high32, high8, low32, low8 } from './interleave';

/** Turns eight columns of i16 around, narrows them to bytes around 128 and stores them as the block's rows. */
// @ts-ignore: decorator
@inline
export function storeSamples(
  a0: v128,
  a1: v128,
  a2: v128,
  a3: v128,
  a4: v128,
  a5: v128,
  a6: v128,
  a7: v128,
  to: usize,
  stride: usize,
): void {
  const centre = i8x16.splat(-128);
  const b04 = v128.xor(i8x16.narrow_i16x8_s(a0, a4), centre);
  const b15 = v128.xor(i8x16.narrow_i16x8_s(a1, a5), centre);
  const b26 = v128.xor(i8x16.narrow_i16x8_s(a2, a6), centre);
  const b37 = v128.xor(i8x16.narrow_i16x8_s(a3, a7), centre);
  const c02 = low8(b04, b26);
  const c46 = high8(b04, b26);
  const c13 = low8(b15, b37);
  const c57 = high8(b15, b37);
  // Columns 0 to 3, then 4 to 7, of rows 0 to 3, then 4 to 7.
  const d0 = low8(c02, c13);
  const d1 = high8(c02, c13);
  const d2 = low8(c46, c57);
  const d3 = high8(c46, c57);
  to = storeTwo(low32(d0, d2), to, stride);
  to = storeTwo(high32(d0, d2), to, stride);
  to = storeTwo(low32(d1, d3), to, stride);
  storeTwo(high32(d1, d3), to, stride);
}

// @ts-ignore: decorator
@inline
function storeTwo(bytes: v128, to: usize, stride: usize): usize {
  v128.store64_lane(to, bytes, 0);
  v128.store64_lane(to + stride, bytes, 1);
  return to + (stride << 1);
}
