/**
 * The "islow" inverse DCT of libjpeg, which is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with 12
 * multiplications, in integers: constants have 13 fractional bits, columns come first and keep 2 more bits, and each
 * pass rounds once. Pairs of products are one `dot`; since integers may be regrouped freely, every sum is libjpeg's.
 */
const CONSTANT_BITS: i32 = 13;
const FIRST_PASS_BITS: i32 = 2;
/** Right shifts after the two passes; the second also takes out the factor 8 of the two-dimensional transform. */
const FIRST_SHIFT: i32 = CONSTANT_BITS - FIRST_PASS_BITS;
const SECOND_SHIFT: i32 = CONSTANT_BITS + FIRST_PASS_BITS + 3;

const F0_298: i16 = 2446;
const F0_390: i16 = 3196;
const F0_541: i16 = 4433;
const F0_765: i16 = 6270;
const F0_899: i16 = 7373;
const F1_175: i16 = 9633;
const F1_501: i16 = 12299;
const F1_847: i16 = 15137;
const F1_961: i16 = 16069;
const F2_053: i16 = 16819;
const F2_562: i16 = 20995;
const F3_072: i16 = 25172;

/** Eight rows of i16 between the passes. */
const rows: usize = memory.data(128, 16);

// @ts-ignore: decorator
@inline
function low16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function high16(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// @ts-ignore: decorator
@inline
function low32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
function high32(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

// @ts-ignore: decorator
@inline
function low64(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}

// @ts-ignore: decorator
@inline
function high64(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}

/** Multiplies pairs of i16 with (a, b) and adds them. */
// @ts-ignore: decorator
@inline
function dot(pairs: v128, a: i32, b: i32): v128 {
  return i32x4.dot_i16x8_s(pairs, i32x4.splat((b << 16) | (a & 0xffff)));
}

/** (low, high) of even + odd, shifted and narrowed. */
// @ts-ignore: decorator
@inline
function sum(evenLow: v128, evenHigh: v128, oddLow: v128, oddHigh: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(evenLow, oddLow), shift),
    i32x4.shr_s(i32x4.add(evenHigh, oddHigh), shift),
  );
}

// @ts-ignore: decorator
@inline
function difference(evenLow: v128, evenHigh: v128, oddLow: v128, oddHigh: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.sub(evenLow, oddLow), shift),
    i32x4.shr_s(i32x4.sub(evenHigh, oddHigh), shift),
  );
}

/** One pass down the columns of eight rows, in place. */
// @ts-ignore: decorator
@inline
function pass(shift: i32): void {
  const in0 = v128.load(rows);
  const in1 = v128.load(rows, 16);
  const in2 = v128.load(rows, 32);
  const in3 = v128.load(rows, 48);
  const in4 = v128.load(rows, 64);
  const in5 = v128.load(rows, 80);
  const in6 = v128.load(rows, 96);
  const in7 = v128.load(rows, 112);
  const round = i32x4.splat(1 << (shift - 1));

  // Even part.
  const plus = i16x8.add(in0, in4);
  const minus = i16x8.sub(in0, in4);
  const plusLow = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(plus), CONSTANT_BITS), round);
  const plusHigh = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(plus), CONSTANT_BITS), round);
  const minusLow = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(minus), CONSTANT_BITS), round);
  const minusHigh = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(minus), CONSTANT_BITS), round);
  const in26Low = low16(in2, in6);
  const in26High = high16(in2, in6);
  const outerLow = dot(in26Low, F0_541 + F0_765, F0_541);
  const outerHigh = dot(in26High, F0_541 + F0_765, F0_541);
  const innerLow = dot(in26Low, F0_541, F0_541 - F1_847);
  const innerHigh = dot(in26High, F0_541, F0_541 - F1_847);
  const e0Low = i32x4.add(plusLow, outerLow);
  const e0High = i32x4.add(plusHigh, outerHigh);
  const e3Low = i32x4.sub(plusLow, outerLow);
  const e3High = i32x4.sub(plusHigh, outerHigh);
  const e1Low = i32x4.add(minusLow, innerLow);
  const e1High = i32x4.add(minusHigh, innerHigh);
  const e2Low = i32x4.sub(minusLow, innerLow);
  const e2High = i32x4.sub(minusHigh, innerHigh);

  // Odd part: z3 and z4 are shared by two outputs each.
  const in73 = i16x8.add(in7, in3);
  const in51 = i16x8.add(in5, in1);
  const zLow = low16(in73, in51);
  const zHigh = high16(in73, in51);
  const z3Low = dot(zLow, F1_175 - F1_961, F1_175);
  const z3High = dot(zHigh, F1_175 - F1_961, F1_175);
  const z4Low = dot(zLow, F1_175, F1_175 - F0_390);
  const z4High = dot(zHigh, F1_175, F1_175 - F0_390);
  const in71Low = low16(in7, in1);
  const in71High = high16(in7, in1);
  const in53Low = low16(in5, in3);
  const in53High = high16(in5, in3);
  const o3Low = i32x4.add(dot(in71Low, F0_298 - F0_899, -F0_899), z3Low);
  const o3High = i32x4.add(dot(in71High, F0_298 - F0_899, -F0_899), z3High);
  const o0Low = i32x4.add(dot(in71Low, -F0_899, F1_501 - F0_899), z4Low);
  const o0High = i32x4.add(dot(in71High, -F0_899, F1_501 - F0_899), z4High);
  const o2Low = i32x4.add(dot(in53Low, F2_053 - F2_562, -F2_562), z4Low);
  const o2High = i32x4.add(dot(in53High, F2_053 - F2_562, -F2_562), z4High);
  const o1Low = i32x4.add(dot(in53Low, -F2_562, F3_072 - F2_562), z3Low);
  const o1High = i32x4.add(dot(in53High, -F2_562, F3_072 - F2_562), z3High);

  v128.store(rows, sum(e0Low, e0High, o0Low, o0High, shift));
  v128.store(rows, sum(e1Low, e1High, o1Low, o1High, shift), 16);
  v128.store(rows, sum(e2Low, e2High, o2Low, o2High, shift), 32);
  v128.store(rows, sum(e3Low, e3High, o3Low, o3High, shift), 48);
  v128.store(rows, difference(e3Low, e3High, o3Low, o3High, shift), 64);
  v128.store(rows, difference(e2Low, e2High, o2Low, o2High, shift), 80);
  v128.store(rows, difference(e1Low, e1High, o1Low, o1High, shift), 96);
  v128.store(rows, difference(e0Low, e0High, o0Low, o0High, shift), 112);
}

// @ts-ignore: decorator
@inline
function transpose(): void {
  const a0 = v128.load(rows);
  const a1 = v128.load(rows, 16);
  const a2 = v128.load(rows, 32);
  const a3 = v128.load(rows, 48);
  const a4 = v128.load(rows, 64);
  const a5 = v128.load(rows, 80);
  const a6 = v128.load(rows, 96);
  const a7 = v128.load(rows, 112);
  const b0 = low16(a0, a1);
  const b1 = high16(a0, a1);
  const b2 = low16(a2, a3);
  const b3 = high16(a2, a3);
  const b4 = low16(a4, a5);
  const b5 = high16(a4, a5);
  const b6 = low16(a6, a7);
  const b7 = high16(a6, a7);
  const c0 = low32(b0, b2);
  const c1 = high32(b0, b2);
  const c2 = low32(b1, b3);
  const c3 = high32(b1, b3);
  const c4 = low32(b4, b6);
  const c5 = high32(b4, b6);
  const c6 = low32(b5, b7);
  const c7 = high32(b5, b7);
  v128.store(rows, low64(c0, c4));
  v128.store(rows, high64(c0, c4), 16);
  v128.store(rows, low64(c1, c5), 32);
  v128.store(rows, high64(c1, c5), 48);
  v128.store(rows, low64(c2, c6), 64);
  v128.store(rows, high64(c2, c6), 80);
  v128.store(rows, low64(c3, c7), 96);
  v128.store(rows, high64(c3, c7), 112);
}

/** Two rows of i16 to bytes around 128. */
// @ts-ignore: decorator
@inline
function storeRows(at: usize, to: usize, stride: usize): void {
  const bytes = v128.xor(i8x16.narrow_i16x8_s(v128.load(at), v128.load(at, 16)), i8x16.splat(-128));
  v128.store64_lane(to, bytes, 0);
  v128.store64_lane(to + stride, bytes, 1);
}

/** Dequantises a block (i16, natural order) and writes its 8 x 8 samples. */
export function inverseDct(block: usize, quant: usize, to: usize, stride: usize): void {
  for (let offset: usize = 0; offset < 128; offset += 16) {
    v128.store(rows + offset, i16x8.mul(v128.load(block + offset), v128.load(quant + offset)));
  }
  pass(FIRST_SHIFT);
  transpose();
  pass(SECOND_SHIFT);
  transpose();
  storeRows(rows, to, stride);
  storeRows(rows + 32, to + 2 * stride, stride);
  storeRows(rows + 64, to + 4 * stride, stride);
  storeRows(rows + 96, to + 6 * stride, stride);
}

/** The same for a block whose only coefficient is DC. */
export function inverseDctOfDc(block: usize, quant: usize, to: usize, stride: usize): void {
  const dc = <i32>(<i16>(<i32>load<i16>(block) * <i32>load<i16>(quant)));
  const sample = min(max((((dc << FIRST_PASS_BITS) + 16) >> 5) + 128, 0), 255);
  const row = <u64>sample * 0x0101010101010101;
  for (let y = 0; y < 8; y++, to += stride) store<u64>(to, row);
}
