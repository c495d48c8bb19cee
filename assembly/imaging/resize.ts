import { allocate } from './arena';

// Pillow's antialiased resize of RGB bytes: see src/data/transforms/resize.ts, which this equals bit for bit.

/** Fractional bits of a weight. */
const PRECISION_BITS = 22;
const HALF: i32 = 1 << (PRECISION_BITS - 1);
/** Vector loads and stores may go so far beyond the end. */
const SLACK = 64;

/** Weights along one axis: `stride` fixed-point weights an output, which start at input `first`. */
@unmanaged
class Taps {
  first: usize;
  count: usize;
  weights: usize;
  stride: i32;
}

const columns = changetype<Taps>(memory.data(16));
const rows = changetype<Taps>(memory.data(16));

function weigh(x: f64, bicubic: bool): f64 {
  x = abs(x);
  if (!bicubic) return max(0.0, 1 - x);
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function fixed(weight: f64): i32 {
  const scaled = weight * <f64>(1 << PRECISION_BITS);
  return <i32>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

/** False when there is no memory for the weights. */
function fillTaps(taps: Taps, input: i32, output: i32, bicubic: bool): bool {
  const scale = <f64>input / <f64>output;
  const stretch = max(1.0, scale);
  const reach = (bicubic ? 2.0 : 1.0) * stretch;
  const stride = <i32>ceil(reach) * 2 + 1;
  const raw = allocate(<u64>stride * 8);
  taps.stride = stride;
  taps.first = allocate(<u64>output * 4);
  taps.count = allocate(<u64>output * 4);
  taps.weights = allocate(<u64>output * <u64>stride * 4);
  if (raw == 0 || taps.first == 0 || taps.count == 0 || taps.weights == 0) return false;

  const inverse = 1 / stretch;
  for (let i = 0; i < output; i++) {
    const center = (<f64>i + 0.5) * scale;
    const from = max(0, <i32>(center - reach + 0.5));
    const to = min(input, <i32>(center + reach + 0.5));
    let sum = 0.0;
    for (let k = from; k < to; k++) {
      const weight = weigh((<f64>k - center + 0.5) * inverse, bicubic);
      store<f64>(raw + ((k - from) << 3), weight);
      sum += weight;
    }
    store<i32>(taps.first + (i << 2), from);
    store<i32>(taps.count + (i << 2), to - from);
    for (let k = 0; k < to - from; k++) {
      const weight = load<f64>(raw + (k << 3));
      store<i32>(taps.weights + ((i * stride + k) << 2), fixed(sum == 0 ? weight : weight / sum));
    }
  }
  return true;
}

/** Four sums to four bytes, in the lowest lane: without the fraction, within 0 to 255. */
// @ts-ignore: decorator
@inline
function toBytes(sums: v128): v128 {
  const words = i16x8.narrow_i32x4_s(i32x4.shr_s(sums, PRECISION_BITS), i32x4.splat(0));
  return i8x16.narrow_i16x8_u(words, words);
}

/** A pixel at a time: its three channels, and a fourth that the next pixel overwrites. */
function resizeRows(source: usize, width: i32, height: i32, target: usize, outWidth: i32): void {
  const stride = columns.stride;
  let o = target;
  for (let y = 0; y < height; y++) {
    const row = source + <usize>(y * width * 3);
    for (let x = 0; x < outWidth; x++) {
      let p = row + <usize>(load<i32>(columns.first + (x << 2)) * 3);
      let w = columns.weights + ((x * stride) << 2);
      const end = w + (load<i32>(columns.count + (x << 2)) << 2);
      let sums = i32x4.splat(HALF);
      while (w < end) {
        const pixel = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(p)));
        sums = i32x4.add(sums, i32x4.mul(pixel, v128.load32_splat(w)));
        p += 3;
        w += 4;
      }
      v128.store_lane<u32>(o, toBytes(sums), 0);
      o += 3;
    }
  }
}

/** Sixteen bytes of a row at a time; what the last ones write too far, the next row overwrites. */
function resizeColumns(source: usize, rowBytes: i32, target: usize, outHeight: i32): void {
  for (let y = 0; y < outHeight; y++) {
    const first = source + <usize>(load<i32>(rows.first + (y << 2)) * rowBytes);
    const weights = rows.weights + ((y * rows.stride) << 2);
    const count = load<i32>(rows.count + (y << 2));
    const output = target + <usize>(y * rowBytes);
    for (let i = 0; i < rowBytes; i += 16) {
      let a = i32x4.splat(HALF);
      let b = a;
      let c = a;
      let d = a;
      let p = first + i;
      for (let k = 0; k < count; k++) {
        const weight = v128.load32_splat(weights + (k << 2));
        const bytes = v128.load(p);
        const low = i16x8.extend_low_i8x16_u(bytes);
        const high = i16x8.extend_high_i8x16_u(bytes);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), weight));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), weight));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), weight));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), weight));
        p += rowBytes;
      }
      const left = i16x8.narrow_i32x4_s(i32x4.shr_s(a, PRECISION_BITS), i32x4.shr_s(b, PRECISION_BITS));
      const right = i16x8.narrow_i32x4_s(i32x4.shr_s(c, PRECISION_BITS), i32x4.shr_s(d, PRECISION_BITS));
      v128.store(output + i, i8x16.narrow_i16x8_u(left, right));
    }
  }
}

/**
 * Resizes an image of `width` x `height` RGB pixels; SLACK bytes behind it must be readable. Horizontally first, then
 * vertically; an axis that keeps its length is left out. The arena is not emptied.
 * @returns where the result is: `source` itself when nothing changes; 0 when memory cannot hold it
 */
export function resize(source: usize, width: i32, height: i32, outWidth: i32, outHeight: i32, bicubic: bool): usize {
  let image = source;
  if (outWidth != width) {
    const target = allocate(<u64>height * <u64>outWidth * 3 + SLACK);
    if (target == 0 || !fillTaps(columns, width, outWidth, bicubic)) return 0;
    resizeRows(image, width, height, target, outWidth);
    image = target;
  }
  if (outHeight != height) {
    const target = allocate(<u64>outHeight * <u64>outWidth * 3 + SLACK);
    if (target == 0 || !fillTaps(rows, height, outHeight, bicubic)) return 0;
    resizeColumns(image, outWidth * 3, target, outHeight);
    image = target;
  }
  return image;
}
