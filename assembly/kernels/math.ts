/**
 * Elementary functions of f32, accurate to about 2 units in the last place. Only IEEE operations, so every machine and
 * every lane gives the same bits. Polynomials are minimax fits made for this file; NaN goes through.
 */

const LN2_HIGH: f32 = 0.693359375; // 9 bits, so n * LN2_HIGH is exact
const LN2_LOW: f32 = -2.1219444e-4;

// @ts-ignore: decorator
@inline
function fma4(a: v128, b: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(a, b), f32x4.splat(c));
}

/** 2^n for -126 <= n <= 127. */
// @ts-ignore: decorator
@inline
function powerOf2(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln(2) / 2. Goes to 0 and infinity smoothly, through the subnormals. */
export function exp4(x: v128): v128 {
  const v = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-104));
  const n = f32x4.nearest(f32x4.mul(v, f32x4.splat(1.44269504)));
  const high = f32x4.sub(v, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  const r = f32x4.sub(high, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = fma4(f32x4.splat(0.0013814466), r, 0.008368781);
  p = fma4(p, r, 0.041668393);
  p = fma4(p, r, 0.1666652);
  p = fma4(p, r, 0.49999994);
  const e = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), f32x4.splat(1));
  // In two steps, since 2^n alone would overflow or underflow at the ends.
  const integer = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(integer, 1);
  return f32x4.mul(f32x4.mul(e, powerOf2(half)), powerOf2(i32x4.sub(integer, half)));
}

/** ln x = n ln 2 + ln(1 + f) with x = 2^n (1 + f), sqrt(1/2) <= 1 + f < sqrt(2). */
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const v = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny);
  // Exponent relative to sqrt(1/2), whose bits are 0x3f3504f3.
  const bits = i32x4.sub(v, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(bits, 23);
  const mantissa = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const n = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(tiny, f32x4.splat(23)));
  const f = f32x4.sub(mantissa, f32x4.splat(1));
  let p = fma4(f32x4.splat(-0.07634474), f, 0.12761568);
  p = fma4(p, f, -0.13160187);
  p = fma4(p, f, 0.14201759);
  p = fma4(p, f, -0.16623357);
  p = fma4(p, f, 0.20001227);
  p = fma4(p, f, -0.2500082);
  p = fma4(p, f, 0.33333331);
  const f2 = f32x4.mul(f, f);
  let tail = f32x4.mul(f32x4.mul(f2, f), p);
  tail = f32x4.add(tail, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  tail = f32x4.sub(tail, f32x4.mul(f2, f32x4.splat(0.5)));
  let y = f32x4.add(f32x4.add(f, tail), f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  y = v128.bitselect(x, y, v128.or(f32x4.eq(x, f32x4.splat(Infinity)), f32x4.ne(x, x)));
  return v128.or(y, f32x4.lt(x, f32x4.splat(0))); // all bits set is a NaN
}

/** tanh x = x + x^3 P(x^2) near 0, else 1 - 2 / (e^2|x| + 1) with the sign of x. */
export function tanh4(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const a = f32x4.abs(x);
  const s = f32x4.mul(x, x);
  let p = fma4(f32x4.splat(-0.005704984), s, 0.020639084);
  p = fma4(p, s, -0.053739715);
  p = fma4(p, s, 0.13331442);
  p = fma4(p, s, -0.3333328);
  const near = f32x4.add(x, f32x4.mul(f32x4.mul(x, s), p));
  const e = exp4(f32x4.add(a, a));
  const far = f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))));
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(a, f32x4.splat(0.625)));
}

/** erf x = x P(x^2) near 0, else 1 - e^-Q(|x|) with the sign of x; 1 from 4 on. */
export function erf4(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const s = f32x4.mul(x, x);
  let p = fma4(f32x4.splat(8.3700994e-5), s, -8.142704e-4);
  p = fma4(p, s, 0.0052010324);
  p = fma4(p, s, -0.026859399);
  p = fma4(p, s, 0.11283696);
  p = fma4(p, s, -0.37612635);
  p = fma4(p, s, 0.0033791666);
  const near = f32x4.add(f32x4.mul(x, f32x4.splat(1.125)), f32x4.mul(x, p));
  const a = f32x4.pmin(f32x4.abs(x), f32x4.splat(4));
  let q = fma4(f32x4.splat(2.0828553e-5), a, -4.3139287e-4);
  q = fma4(q, a, 0.0041562519);
  q = fma4(q, a, -0.025080608);
  q = fma4(q, a, 0.10822038);
  q = fma4(q, a, 0.63340086);
  q = fma4(q, a, 1.1294883);
  q = fma4(q, a, -1.6920427e-4);
  const far = f32x4.sub(f32x4.splat(1), exp4(f32x4.neg(q)));
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(f32x4.abs(x), f32x4.splat(0.921875)));
}

/** 1 / (1 + e^-x) */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(exp4(f32x4.neg(x)), f32x4.splat(1)));
}

export function exp(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

export function log(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}
