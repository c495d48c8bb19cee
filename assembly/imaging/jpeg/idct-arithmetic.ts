/**
 * The "islow" inverse DCT of libjpeg, which is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with 12
 * multiplications, in integers: constants have 13 fractional bits, columns come first and keep 2 more bits, and each
 * pass rounds once. Pairs of products are one `dot`; since integers may be regrouped freely, every sum is libjpeg's.
 */
export const CONSTANT_BITS: i32 = 13;
export const FIRST_PASS_BITS: i32 = 2;
/** Right shifts after the two passes; the second also takes out the factor 8 of the two-dimensional transform. */
export const FIRST_SHIFT: i32 = CONSTANT_BITS - FIRST_PASS_BITS;
export const SECOND_SHIFT: i32 = CONSTANT_BITS + FIRST_PASS_BITS + 3;

export const F0_298: i16 = 2446;
export const F0_390: i16 = 3196;
export const F0_541: i16 = 4433;
export const F0_765: i16 = 6270;
export const F0_899: i16 = 7373;
export const F1_175: i16 = 9633;
export const F1_501: i16 = 12299;
export const F1_847: i16 = 15137;
export const F1_961: i16 = 16069;
export const F2_053: i16 = 16819;
export const F2_562: i16 = 20995;
export const F3_072: i16 = 25172;

/** Multiplies pairs of i16 with (a, b) and adds them. */
// @ts-ignore: decorator
@inline
export function dot(pairs: v128, a: i32, b: i32): v128 {
  return i32x4.dot_i16x8_s(pairs, i32x4.splat((b << 16) | (a & 0xffff)));
}

/** (low, high) of even + odd, shifted and narrowed. */
// @ts-ignore: decorator
@inline
export function sum(evenLow: v128, evenHigh: v128, oddLow: v128, oddHigh: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(evenLow, oddLow), shift),
    i32x4.shr_s(i32x4.add(evenHigh, oddHigh), shift),
  );
}

// @ts-ignore: decorator
@inline
export function difference(evenLow: v128, evenHigh: v128, oddLow: v128, oddHigh: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.sub(evenLow, oddLow), shift),
    i32x4.shr_s(i32x4.sub(evenHigh, oddHigh), shift),
  );
}

/** Loads row `y` of a block, dequantised. */
// @ts-ignore: decorator
@inline
export function dequantised(block: usize, quant: usize, y: usize): v128 {
  return i16x8.mul(v128.load(block + (y << 4)), v128.load(quant + (y << 4)));
}
