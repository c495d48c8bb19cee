/** Largest finite half-precision number. */
export const MAX_HALF = 65504;

/** float32 to IEEE 754 binary16, rounded to the nearest, ties to even; what is too large becomes infinite. */
export function toHalf(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const halves = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) halves[i] = halfOf(bits[i]);
  return halves;
}

function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // from 65520 on the nearest half is infinite
  if (magnitude < 0x38800000) {
    // Below 2^-14 halves are multiples of 2^-24: the shift rounds the full mantissa to them.
    if (magnitude < 0x33000000) return sign;
    const shift = 126 - (magnitude >>> 23);
    return sign | roundShift((magnitude & 0x7fffff) | 0x800000, shift);
  }
  return sign | roundShift(magnitude - 0x38000000, 13);
}

/** `value` / 2^shift, rounded to the nearest integer, ties to even. */
function roundShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const floor = Math.floor(value / 2 ** shift);
  const rest = value - floor * 2 ** shift;
  return rest > half || (rest === half && floor % 2 === 1) ? floor + 1 : floor;
}

let everyHalf: Float32Array | undefined;

/** IEEE 754 binary16 to float32, exact. */
export function fromHalf(halves: ArrayLike<number>): Float32Array {
  everyHalf ??= Float32Array.from({ length: 65536 }, (_, half) => floatOf(half));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < values.length; i++) values[i] = everyHalf[halves[i]];
  return values;
}

function floatOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** bfloat16, the upper half of a float32, to float32, exact. */
export function fromBfloat16(values: ArrayLike<number>): Float32Array {
  const bits = Uint32Array.from(values, (value) => value * 0x10000);
  return new Float32Array(bits.buffer);
}
