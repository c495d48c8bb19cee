/** Bytes of what is kept for 4 channels: mean, scale = gamma rstd, beta; and for backward k0 and k1. */
export const COEFFICIENTS: usize = 80;

/** Where a channel's mean is; the others follow 16 bytes apart. */
// @ts-ignore: decorator
@inline
export function coefficientsOf(table: usize, channel: i32): usize {
  return table + <usize>(channel >> 2) * COEFFICIENTS + ((<usize>(channel & 3)) << 2);
}

// @ts-ignore: decorator
@inline
export function storeCoefficients(table: usize, channel: i32, mean: f32, scale: f32, beta: f32): void {
  const k = coefficientsOf(table, channel);
  store<f32>(k, mean);
  store<f32>(k, scale, 16);
  store<f32>(k, beta, 32);
}
