/** Red, green and blue of 16 pixels, interleaved: 48 bytes. */
// @ts-ignore: decorator
@inline
function storeRgb(to: usize, r: v128, g: v128, b: v128): void {
  const low = v128.shuffle<i8>(r, g, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const high = v128.shuffle<i8>(r, g, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  // Red and green of pixels 5 to 12.
  const middle = v128.shuffle<i8>(low, high, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25);
  v128.store(to, v128.shuffle<i8>(low, b, 0, 1, 16, 2, 3, 17, 4, 5, 18, 6, 7, 19, 8, 9, 20, 10));
  v128.store(to, v128.shuffle<i8>(middle, b, 1, 21, 2, 3, 22, 4, 5, 23, 6, 7, 24, 8, 9, 25, 10, 11), 16);
  v128.store(to, v128.shuffle<i8>(high, b, 26, 6, 7, 27, 8, 9, 28, 10, 11, 29, 12, 13, 30, 14, 15, 31), 32);
}

// The three functions write whole groups of 16 pixels: up to 45 bytes past the row, which the next row overwrites.

export function rgbRow(r: usize, g: usize, b: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 16, to += 48) {
    storeRgb(to, v128.load(r + x), v128.load(g + x), v128.load(b + x));
  }
}

export function grayRow(y: usize, count: i32, to: usize): void {
  for (let x = 0; x < count; x += 16, to += 48) {
    const gray = v128.load(y + x);
    storeRgb(to, gray, gray, gray);
  }
}

/** Red of cr − 128, less y: (91881 c + 2^15) >> 16 for every c, as all 256 cases show. */
// @ts-ignore: decorator
@inline
function redOf(cr: v128): v128 {
  return i16x8.q15mulr_sat_s(i16x8.shl(cr, 1), i16x8.splat(22971));
}

/** Blue of cb − 128, less y: (116130 c + 2^15) >> 16, likewise. */
// @ts-ignore: decorator
@inline
function blueOf(cb: v128): v128 {
  return i16x8.q15mulr_sat_s(i16x8.shl(cb, 1), i16x8.splat(29033));
}

/** Green, less y: (−22554 cb − 46802 cr + 2^15) >> 16, with everything halved so that the constants fit. */
// @ts-ignore: decorator
@inline
function greenOf(cb: v128, cr: v128): v128 {
  const factors = i32x4.splat((-23401 << 16) | (-11277 & 0xffff));
  const round = i32x4.splat(1 << 14);
  const low = v128.shuffle<i16>(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11);
  const high = v128.shuffle<i16>(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(low, factors), round), 15),
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(high, factors), round), 15),
  );
}

/** YCbCr of JFIF to RGB, with libjpeg's rounding. */
export function ycbcrRow(y: usize, cb: usize, cr: usize, count: i32, to: usize): void {
  const centre = i16x8.splat(128);
  for (let x = 0; x < count; x += 16, to += 48) {
    const luma = v128.load(y + x);
    const blues = v128.load(cb + x);
    const reds = v128.load(cr + x);
    const y0 = i16x8.extend_low_i8x16_u(luma);
    const y1 = i16x8.extend_high_i8x16_u(luma);
    const cb0 = i16x8.sub(i16x8.extend_low_i8x16_u(blues), centre);
    const cb1 = i16x8.sub(i16x8.extend_high_i8x16_u(blues), centre);
    const cr0 = i16x8.sub(i16x8.extend_low_i8x16_u(reds), centre);
    const cr1 = i16x8.sub(i16x8.extend_high_i8x16_u(reds), centre);
    storeRgb(
      to,
      i8x16.narrow_i16x8_u(i16x8.add(y0, redOf(cr0)), i16x8.add(y1, redOf(cr1))),
      i8x16.narrow_i16x8_u(i16x8.add(y0, greenOf(cb0, cr0)), i16x8.add(y1, greenOf(cb1, cr1))),
      i8x16.narrow_i16x8_u(i16x8.add(y0, blueOf(cb0)), i16x8.add(y1, blueOf(cb1))),
    );
  }
}
