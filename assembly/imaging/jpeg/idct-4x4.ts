import {
  CONSTANT_BITS,
  dequantised,
  difference,
  dot,
  F0_390,
  F0_541,
  F0_765,
  F0_899,
  F1_175,
  F1_501,
  F1_961,
  F2_562,
  F3_072,
  FIRST_SHIFT,
  SECOND_SHIFT,
  sum,
} from './idct-arithmetic';
import { storeSamples } from './idct-samples';
import { high16, high32, high64, low16, low32, low64 } from './interleave';

/**
 * The inverse DCT where only the first four rows and columns hold coefficients: most blocks of a photo. The zeros leave sums of two products: the
 * constants below are those of the full transform, added up.
 */
export function inverseDctOf4x4(block: usize, quant: usize, to: usize, stride: usize): void {
  const zero = i64x2.splat(0);
  const in0 = dequantised(block, quant, 0);
  const in1 = dequantised(block, quant, 1);
  const in2 = dequantised(block, quant, 2);
  const in3 = dequantised(block, quant, 3);
  const round = i32x4.splat(1 << (FIRST_SHIFT - 1));
  const even = low16(in0, in2);
  const odd = low16(in3, in1);
  const e0 = i32x4.add(even0(even), round);
  const e1 = i32x4.add(even1(even), round);
  const e2 = i32x4.add(even2(even), round);
  const e3 = i32x4.add(even3(even), round);
  const o0 = odd0(odd);
  const o1 = odd1(odd);
  const o2 = odd2(odd);
  const o3 = odd3(odd);
  // Four columns of eight rows, turned around: the columns' names become the second pass's rows.
  const b0 = low16(sum(e0, zero, o0, zero, FIRST_SHIFT), sum(e1, zero, o1, zero, FIRST_SHIFT));
  const b2 = low16(sum(e2, zero, o2, zero, FIRST_SHIFT), sum(e3, zero, o3, zero, FIRST_SHIFT));
  const b4 = low16(difference(e3, zero, o3, zero, FIRST_SHIFT), difference(e2, zero, o2, zero, FIRST_SHIFT));
  const b6 = low16(difference(e1, zero, o1, zero, FIRST_SHIFT), difference(e0, zero, o0, zero, FIRST_SHIFT));
  const c0 = low32(b0, b2);
  const c1 = high32(b0, b2);
  const c4 = low32(b4, b6);
  const c5 = high32(b4, b6);
  const mid0 = low64(c0, c4);
  const mid1 = high64(c0, c4);
  const mid2 = low64(c1, c5);
  const mid3 = high64(c1, c5);

  const last = i32x4.splat(1 << (SECOND_SHIFT - 1));
  const evenLow = low16(mid0, mid2);
  const evenHigh = high16(mid0, mid2);
  const oddLow = low16(mid3, mid1);
  const oddHigh = high16(mid3, mid1);
  const e0Low = i32x4.add(even0(evenLow), last);
  const e0High = i32x4.add(even0(evenHigh), last);
  const e1Low = i32x4.add(even1(evenLow), last);
  const e1High = i32x4.add(even1(evenHigh), last);
  const e2Low = i32x4.add(even2(evenLow), last);
  const e2High = i32x4.add(even2(evenHigh), last);
  const e3Low = i32x4.add(even3(evenLow), last);
  const e3High = i32x4.add(even3(evenHigh), last);
  const o0Low = odd0(oddLow);
  const o0High = odd0(oddHigh);
  const o1Low = odd1(oddLow);
  const o1High = odd1(oddHigh);
  const o2Low = odd2(oddLow);
  const o2High = odd2(oddHigh);
  const o3Low = odd3(oddLow);
  const o3High = odd3(oddHigh);
  storeSamples(
    sum(e0Low, e0High, o0Low, o0High, SECOND_SHIFT),
    sum(e1Low, e1High, o1Low, o1High, SECOND_SHIFT),
    sum(e2Low, e2High, o2Low, o2High, SECOND_SHIFT),
    sum(e3Low, e3High, o3Low, o3High, SECOND_SHIFT),
    difference(e3Low, e3High, o3Low, o3High, SECOND_SHIFT),
    difference(e2Low, e2High, o2Low, o2High, SECOND_SHIFT),
    difference(e1Low, e1High, o1Low, o1High, SECOND_SHIFT),
    difference(e0Low, e0High, o0Low, o0High, SECOND_SHIFT),
    to,
    stride,
  );
}

// Even part of pairs (in0, in2).

// @ts-ignore: decorator
@inline
function even0(pairs: v128): v128 {
  return dot(pairs, 1 << CONSTANT_BITS, F0_541 + F0_765);
}

// @ts-ignore: decorator
@inline
function even1(pairs: v128): v128 {
  return dot(pairs, 1 << CONSTANT_BITS, F0_541);
}

// @ts-ignore: decorator
@inline
function even2(pairs: v128): v128 {
  return dot(pairs, 1 << CONSTANT_BITS, -F0_541);
}

// @ts-ignore: decorator
@inline
function even3(pairs: v128): v128 {
  return dot(pairs, 1 << CONSTANT_BITS, -F0_541 - F0_765);
}

// Odd part of pairs (in3, in1).

// @ts-ignore: decorator
@inline
function odd0(pairs: v128): v128 {
  return dot(pairs, F1_175, F1_175 - F0_390 + F1_501 - F0_899);
}

// @ts-ignore: decorator
@inline
function odd1(pairs: v128): v128 {
  return dot(pairs, F1_175 - F1_961 + F3_072 - F2_562, F1_175);
}

// @ts-ignore: decorator
@inline
function odd2(pairs: v128): v128 {
  return dot(pairs, F1_175 - F2_562, F1_175 - F0_390);
}

// @ts-ignore: decorator
@inline
function odd3(pairs: v128): v128 {
  return dot(pairs, F1_175 - F1_961, F1_175 - F0_899);
}
