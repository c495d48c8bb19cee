/**
 * Activations that batch norm can absorb, as the range that they clamp to: one loop does for all, where a branch per
 * activation would be folded back into the loop by the optimiser. The numbers are those of
 * src/devices/wasm/kernels/batch-norm.ts.
 */
const NONE: i32 = 0;
const RELU6: i32 = 2;

/** The lower end in every lane. */
export function lowest(activation: i32): v128 {
  return f32x4.splat(activation == NONE ? -Infinity : 0);
}

/** The upper end in every lane. */
export function highest(activation: i32): v128 {
  return f32x4.splat(activation == RELU6 ? 6 : Infinity);
}

/** The activation. pmax and pmin are one instruction on x64, and NaN goes through. */
// @ts-ignore: decorator
@inline
export function clampTo(z: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(z, low), high);
}

/**
 * The range as integers: for z = the bits of a float, low < z < high holds when z + shift < limit as signed numbers.
 * Integer lanes have more ports than comparisons of floats. Without an activation, every float but one NaN is inside.
 */
export function gradientShift(activation: i32): v128 {
  return i32x4.splat(activation == NONE ? 0 : 0x7fffffff);
}

export function gradientLimit(activation: i32): v128 {
  if (activation == NONE) return i32x4.splat(0x7fffffff);
  return i32x4.splat(
    (activation == RELU6 ? reinterpret<i32>(<f32>6) : reinterpret<i32>(<f32>Infinity) + 1) + 0x7fffffff,
  );
}

/** dy where the activation has slope 1, else 0. */
// @ts-ignore: decorator
@inline
export function clampGradient(z: v128, dy: v128, shift: v128, limit: v128): v128 {
  return v128.and(dy, i32x4.lt_s(i32x4.add(z, shift), limit));
}
