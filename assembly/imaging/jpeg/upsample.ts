import { Component, Upsampling } from './frame';

/** Eight u8 as i16. */
// @ts-ignore: decorator
@inline
function widen(at: usize): v128 {
  return v128.load8x8_u(at);
}

/** Repeats the first and last sample beyond the row's ends. */
// @ts-ignore: decorator
@inline
function replicateEnds(row: usize, width: i32): void {
  store<u8>(row - 1, load<u8>(row));
  store<u8>(row + width, load<u8>(row + width - 1));
}

/**
 * Row `y` of the image, of the component: where its pixel `left` is. A component at full size is read where it lies;
 * otherwise pixels [left, right) and up to 32 more are written to `buffer`.
 */
export function upsampleRow(c: Component, y: i32, left: i32, right: i32, buffer: usize): usize {
  const stride = <usize>c.stride;
  const row = y / c.ratioV;
  const near = c.plane + <usize>row * stride;
  if (c.ratioH == 1 && c.upsampling != Upsampling.H1V2) return near + left;

  const below = (y & 1) != 0;
  const other = below ? min(row + 1, c.height - 1) : max(row - 1, 0);
  const far = c.plane + <usize>other * stride;
  const first = left / c.ratioH;
  const last = (right - 1) / c.ratioH + 1;
  switch (c.upsampling) {
    case Upsampling.H1V2:
      blendRows(near + left, far + left, right - left, below ? 2 : 1, buffer);
      return buffer;
    case Upsampling.H2V1:
      replicateEnds(near, c.width);
      triangle(near + first, near + first, last - first, 4, 8, buffer);
      break;
    case Upsampling.H2V2:
      replicateEnds(near, c.width);
      replicateEnds(far, c.width);
      triangle(near + first, far + first, last - first, 8, 7, buffer);
      break;
    default:
      replicate(near + first, last - first, c.ratioH, buffer);
  }
  return buffer + <usize>(left - first * c.ratioH);
}

/** (3 near + far + bias) / 4. */
function blendRows(near: usize, far: usize, count: i32, bias: i16, to: usize): void {
  const three = i16x8.splat(3);
  const add = i16x8.splat(bias);
  for (let x = 0; x < count; x += 8, near += 8, far += 8, to += 8) {
    const sum = i16x8.add(i16x8.add(i16x8.mul(widen(near), three), widen(far)), add);
    const value = i16x8.shr_u(sum, 2);
    v128.store64_lane(to, i8x16.narrow_i16x8_u(value, value), 0);
  }
}

// @ts-ignore: decorator
@inline
function columnSum(near: usize, far: usize): v128 {
  return i16x8.add(i16x8.mul(widen(near), i16x8.splat(3)), widen(far));
}

/**
 * Doubles a row: with s = 3 near + far, out[2i] = (3 s[i] + s[i−1] + evenBias) / 16 and
 * out[2i+1] = (3 s[i] + s[i+1] + oddBias) / 16. With near = far this is the filter along rows alone: libjpeg's
 * (3 c[i] + c[i−1] + 1) / 4 and (3 c[i] + c[i+1] + 2) / 4 have biases 4 and 8 here.
 */
function triangle(near: usize, far: usize, count: i32, evenBias: i16, oddBias: i16, to: usize): void {
  const three = i16x8.splat(3);
  const even = i16x8.splat(evenBias);
  const odd = i16x8.splat(oddBias);
  let before = columnSum(near - 8, far - 8);
  let here = columnSum(near, far);
  for (let x = 0; x < count; x += 8, to += 16) {
    near += 8;
    far += 8;
    const after = columnSum(near, far);
    const centre = i16x8.mul(here, three);
    const previous = v128.shuffle<i16>(before, here, 7, 8, 9, 10, 11, 12, 13, 14);
    const following = v128.shuffle<i16>(here, after, 1, 2, 3, 4, 5, 6, 7, 8);
    const left = i16x8.shr_u(i16x8.add(i16x8.add(centre, previous), even), 4);
    const right = i16x8.shr_u(i16x8.add(i16x8.add(centre, following), odd), 4);
    v128.store(to, v128.or(left, i16x8.shl(right, 8)));
    before = here;
    here = after;
  }
}

/** Each sample `times` times. */
function replicate(from: usize, count: i32, times: i32, to: usize): void {
  for (let x = 0; x < count; x++, from++) {
    for (let i = 0; i < times; i++) store<u8>(to++, load<u8>(from));
  }
}
