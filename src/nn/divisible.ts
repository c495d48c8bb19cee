/**
 * CVNets' and MobileNet's rounding of scaled channel counts: the nearest multiple of `divisor` that is at least
 * `least` and does not lose more than 10 %.
 */
export function makeDivisible(value: number, divisor = 8, least = divisor): number {
  const rounded = Math.max(least, Math.floor(Math.trunc(value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

/** `value` within [least, most]. */
export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
