/**
 * Ends of rows. Loads may run past the end of a tensor (64 bytes are readable), so a tail is computed as a full vector
 * and only its first lanes are stored: every element gets the same bits wherever a row or a thread's share ends.
 */

/** The first n lanes set, n from 0 to 4. */
// @ts-ignore: decorator
@inline
export function firstLanes(n: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
}

/** Stores the first n lanes, n from 1 up; 4 and more mean all. */
// @ts-ignore: decorator
@inline
export function storeFirst(p: usize, v: v128, n: i32): void {
  if (n >= 4) v128.store(p, v);
  else storeTail(p, v, n);
}

function storeTail(p: usize, v: v128, n: i32): void {
  v128.store32_lane(p, v, 0);
  if (n > 1) v128.store32_lane(p, v, 1, 4);
  if (n > 2) v128.store32_lane(p, v, 2, 8);
}

/** Four floats, `step` bytes apart; lanes from n on repeat lane 0. */
// @ts-ignore: decorator
@inline
export function gather4(p: usize, step: isize, n: i32): v128 {
  let v = v128.load32_splat(p);
  if (n > 1) v = v128.load32_lane(p + step, v, 1);
  if (n > 2) v = v128.load32_lane(p + 2 * step, v, 2);
  if (n > 3) v = v128.load32_lane(p + 3 * step, v, 3);
  return v;
}

/** (lane 0 + lane 2) + (lane 1 + lane 3) */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Largest lane; NaN if any lane is. */
// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  const pairs = f32x4.max(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}
