/** Activations that batch norm can absorb; the numbers are those of src/devices/wasm/kernels/batch-norm.ts. */
export const NONE: i32 = 0;
export const RELU: i32 = 1;
export const RELU6: i32 = 2;

/** The activation. pmax and pmin are one instruction on x64, and NaN goes through. */
// @ts-ignore: decorator
@inline
export function clampTo(z: v128, activation: i32): v128 {
  if (activation == RELU) return f32x4.pmax(z, f32x4.splat(0));
  if (activation == RELU6) return f32x4.pmin(f32x4.pmax(z, f32x4.splat(0)), f32x4.splat(6));
  return z;
}

/** dy where the activation has slope 1, else 0. */
// @ts-ignore: decorator
@inline
export function clampGradient(z: v128, dy: v128, activation: i32): v128 {
  if (activation == RELU) return v128.and(dy, f32x4.gt(z, f32x4.splat(0)));
  if (activation == RELU6) {
    return v128.and(dy, v128.and(f32x4.gt(z, f32x4.splat(0)), f32x4.lt(z, f32x4.splat(6))));
  }
  return dy;
}
