import {
  CONSTANT_BITS,
  dequantised,
  difference,
  dot,
  F0_298,
  F0_390,
  F0_541,
  F0_765,
  F0_899,
  F1_175,
  F1_501,
  F1_847,
  F1_961,
  F2_053,
  F2_562,
  F3_072,
  FIRST_PASS_BITS,
  FIRST_SHIFT,
  SECOND_SHIFT,
  sum,
} from './idct-arithmetic';
import { storeSamples } from './idct-samples';
import { high16, high32, high64, low16, low32, low64 } from './interleave';

/** Eight rows of i16 between the passes. */
const rows: usize = memory.data(128, 16);

/** Turns eight rows of i16 around and stores them. */
// @ts-ignore: decorator
@inline
function storeTransposed(a0: v128, a1: v128, a2: v128, a3: v128, a4: v128, a5: v128, a6: v128, a7: v128): void {
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

/**
 * One pass down the columns of eight rows: the first keeps its result, transposed, in `rows`; the second writes the
 * samples.
 */
// @ts-ignore: decorator
@inline
function pass(
  in0: v128,
  in1: v128,
  in2: v128,
  in3: v128,
  in4: v128,
  in5: v128,
  in6: v128,
  in7: v128,
  shift: i32,
  to: usize,
  stride: usize,
): void {
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

  const out0 = sum(e0Low, e0High, o0Low, o0High, shift);
  const out1 = sum(e1Low, e1High, o1Low, o1High, shift);
  const out2 = sum(e2Low, e2High, o2Low, o2High, shift);
  const out3 = sum(e3Low, e3High, o3Low, o3High, shift);
  const out4 = difference(e3Low, e3High, o3Low, o3High, shift);
  const out5 = difference(e2Low, e2High, o2Low, o2High, shift);
  const out6 = difference(e1Low, e1High, o1Low, o1High, shift);
  const out7 = difference(e0Low, e0High, o0Low, o0High, shift);
  if (shift == FIRST_SHIFT) storeTransposed(out0, out1, out2, out3, out4, out5, out6, out7);
  else storeSamples(out0, out1, out2, out3, out4, out5, out6, out7, to, stride);
}

/** Dequantises a block (i16, natural order) and writes its 8 x 8 samples. */
export function inverseDct(block: usize, quant: usize, to: usize, stride: usize): void {
  pass(
    dequantised(block, quant, 0),
    dequantised(block, quant, 1),
    dequantised(block, quant, 2),
    dequantised(block, quant, 3),
    dequantised(block, quant, 4),
    dequantised(block, quant, 5),
    dequantised(block, quant, 6),
    dequantised(block, quant, 7),
    FIRST_SHIFT,
    0,
    0,
  );
  pass(
    v128.load(rows),
    v128.load(rows, 16),
    v128.load(rows, 32),
    v128.load(rows, 48),
    v128.load(rows, 64),
    v128.load(rows, 80),
    v128.load(rows, 96),
    v128.load(rows, 112),
    SECOND_SHIFT,
    to,
    stride,
  );
}

/** The same for a block whose only coefficient is DC. */
export function inverseDctOfDc(block: usize, quant: usize, to: usize, stride: usize): void {
  const dc = <i32>(<i16>(<i32>load<i16>(block) * <i32>load<i16>(quant)));
  const sample = min(max((((dc << FIRST_PASS_BITS) + 16) >> 5) + 128, 0), 255);
  const row = <u64>sample * 0x0101010101010101;
  for (let y = 0; y < 8; y++, to += stride) store<u64>(to, row);
}
