import { ShapeError } from '../../utils/errors.js';
import type { RgbImage } from '../images/image.js';

/** How far a filter reaches and what it weighs a pixel at distance x with, both in pixels of the coarser grid. */
const filters = {
  bilinear: { support: 1, weigh: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weigh: (x: number) => cubic(Math.abs(x)) },
} as const;

export type Interpolation = keyof typeof filters;

/** Keys' cubic convolution (IEEE Trans. ASSP 29, 1981) with a = -0.5. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** `resize`, or what gives the same bytes faster, in memory that may be used again by its next call. */
export type Resize = (image: RgbImage, height: number, width: number, interpolation?: Interpolation) => RgbImage;

/** Fractional bits of a weight: 32 less 8 of the pixel and 2 for sums beyond 1. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** For each output position: its first input position, how many inputs, and their fixed-point weights. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights an output; those beyond `count` are 0. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Weights of Pillow's antialiased resampling along one axis: when it shrinks, the filter is stretched over the inputs
 * that an output covers. They are computed in float64, normalised, and rounded to 22 fractional bits.
 */
export function resizeTaps(input: number, output: number, interpolation: Interpolation): Taps {
  const { support, weigh } = filters[interpolation];
  const scale = input / output;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(output);
  const count = new Int32Array(output);
  const weights = new Int32Array(output * stride);
  const raw = new Float64Array(stride);
  for (let i = 0; i < output; i++) {
    const center = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - reach + 0.5));
    const to = Math.min(input, Math.trunc(center + reach + 0.5));
    const inverse = 1 / stretch;
    let sum = 0;
    for (let k = from; k < to; k++) {
      raw[k - from] = weigh((k - center + 0.5) * inverse);
      sum += raw[k - from];
    }
    first[i] = from;
    count[i] = to - from;
    for (let k = 0; k < to - from; k++) {
      const weight = (sum === 0 ? raw[k] : raw[k] / sum) * (1 << PRECISION_BITS);
      weights[i * stride + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return { first, count, weights, stride };
}

/**
 * Resizes as `Image.resize` of Pillow 9 to 12 does, byte for byte: horizontally, rounded to bytes, then vertically; an
 * axis that keeps its length is left out. Throws ShapeError for a size below 1.
 */
export function resize(
  image: RgbImage,
  height: number,
  width: number,
  interpolation: Interpolation = 'bilinear',
): RgbImage {
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 1 || width < 1) {
    throw new ShapeError(`resize to ${height}x${width}`, 'use whole numbers from 1');
  }
  let { data } = image;
  if (width !== image.width) {
    data = resizeRows(data, image.width, image.height, width, resizeTaps(image.width, width, interpolation));
  }
  if (height !== image.height) {
    data = resizeColumns(data, width * 3, height, resizeTaps(image.height, height, interpolation));
  }
  return { width, height, channels: 3, data: data === image.data ? data.slice() : data };
}

function clampToByte(fixed: number): number {
  return Math.min(255, Math.max(0, fixed >> PRECISION_BITS));
}

function resizeRows(source: Uint8Array, width: number, height: number, outWidth: number, taps: Taps): Uint8Array {
  const { first, count, weights, stride } = taps;
  const output = new Uint8Array(height * outWidth * 3);
  let o = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let p = (y * width + first[x]) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = x * stride, end = k + count[x]; k < end; k++, p += 3) {
        const weight = weights[k];
        red = (red + Math.imul(source[p], weight)) | 0;
        green = (green + Math.imul(source[p + 1], weight)) | 0;
        blue = (blue + Math.imul(source[p + 2], weight)) | 0;
      }
      output[o++] = clampToByte(red);
      output[o++] = clampToByte(green);
      output[o++] = clampToByte(blue);
    }
  }
  return output;
}

/** @param rowBytes bytes of a row, which are independent here */
function resizeColumns(source: Uint8Array, rowBytes: number, outHeight: number, taps: Taps): Uint8Array {
  const { first, count, weights, stride } = taps;
  const output = new Uint8Array(outHeight * rowBytes);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < outHeight; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]; k++) {
      const weight = weights[y * stride + k];
      const row = (first[y] + k) * rowBytes;
      for (let i = 0; i < rowBytes; i++) sums[i] += Math.imul(source[row + i], weight);
    }
    const row = y * rowBytes;
    for (let i = 0; i < rowBytes; i++) output[row + i] = clampToByte(sums[i]);
  }
  return output;
}
