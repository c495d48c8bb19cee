import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { FormatError } from '../../utils/errors.js';
import { crop } from '../transforms/geometry.js';
import type { ImageDecoder, ImageSize } from './decoder.js';
import type { Region, RgbImage } from './image.js';

/** Pixels that a file may claim before anything is allocated for them. */
const MAX_PIXELS = 1 << 28;

/** PNG of every colour type as red, green and blue bytes. Transparency is dropped; 16 bits keep their upper 8. */
export class PngDecoder implements ImageDecoder {
  constructor(readonly maxPixels = MAX_PIXELS) {}

  header(file: Uint8Array): ImageSize {
    if (file.length < 24) throw new FormatError(`PNG of ${file.length} bytes`, 'the file is cut off');
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const [width, height] = [view.getUint32(16), view.getUint32(20)];
    if (width === 0 || height === 0) throw new FormatError(`PNG of ${width}x${height} pixels`, 'the file is damaged');
    if (width * height <= this.maxPixels) return { width, height };
    throw new FormatError(`PNG of ${width}x${height} pixels`, `at most ${this.maxPixels} are read`);
  }

  decode(file: Uint8Array, { region }: { readonly region?: Region } = {}): RgbImage {
    const { width, height } = this.header(file);
    let data: Uint8Array;
    try {
      data = toRgb(decode(file, { checkCrc: true }));
    } catch (error) {
      throw new FormatError(`PNG: ${error instanceof Error ? error.message : error}`, 'the file is damaged');
    }
    const expected = width * height * 3;
    if (data.length !== expected) {
      throw new FormatError(`PNG: ${data.length} bytes of pixels instead of ${expected}`, 'the file is damaged');
    }
    const image: RgbImage = { width, height, channels: 3, data };
    return region ? crop(image, region) : image;
  }
}

function toRgb(png: DecodedPng): Uint8Array {
  const { width, height, depth, palette } = png;
  if (palette) return pickRgb(convertIndexedToRgb(png), palette[0].length, 0);
  if (depth === 16) return pickRgb(png.data, png.channels, 8);
  if (depth === 8) return pickRgb(png.data, png.channels, 0);
  return pickRgb(unpackGray(png.data, width, height, depth), 1, 0);
}

/** Red, green and blue, or gray three times, out of `channels` samples a pixel. */
function pickRgb(samples: ArrayLike<number>, channels: number, shift: number): Uint8Array {
  const pixels = samples.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2];
  for (let i = 0; i < pixels; i++) {
    const at = i * channels;
    rgb[3 * i] = samples[at] >> shift;
    rgb[3 * i + 1] = samples[at + green] >> shift;
    rgb[3 * i + 2] = samples[at + blue] >> shift;
  }
  return rgb;
}

/** Gray of 1, 2 or 4 bits, rows padded to bytes, spread over 0 to 255. */
function unpackGray(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = (1 << depth) - 1;
  const gray = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const value = (packed[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & most;
      gray[y * width + x] = (value * 255) / most;
    }
  }
  return gray;
}
