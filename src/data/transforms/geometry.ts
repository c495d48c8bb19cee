import { ShapeError } from '../../utils/errors.js';
import type { Region, RgbImage } from '../images/image.js';
import { roundHalfToEven } from './round.js';

/**
 * Copies a rectangle. Throws ShapeError when it is empty or not inside the image.
 * @param data where its pixels go; new memory by default, as in the functions below
 */
export function crop(
  image: RgbImage,
  { x: left, y: top, width, height }: Region,
  data: Uint8Array = new Uint8Array(width * height * 3),
): RgbImage {
  const fits =
    left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= image.width && top + height <= image.height;
  if (!fits) {
    throw new ShapeError(
      `crop ${width}x${height} at (${left}, ${top}) of an image ${image.width}x${image.height}`,
      'choose a rectangle inside the image',
    );
  }
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(start, start + width * 3), y * width * 3);
  }
  return { width, height, channels: 3, data };
}

/** The middle of the image, as torchvision takes it: halves go to the even side, what is missing is black. */
export function centerCrop(image: RgbImage, height: number, width: number, data?: Uint8Array): RgbImage {
  const padded = padAround(image, height, width);
  const x = roundHalfToEven((padded.width - width) / 2);
  const y = roundHalfToEven((padded.height - height) / 2);
  return crop(padded, { x, y, width, height }, data);
}

/** Black on all sides up to that size; an odd pixel goes to the right and to the bottom. */
function padAround(image: RgbImage, leastHeight: number, leastWidth: number): RgbImage {
  const height = Math.max(image.height, leastHeight);
  const width = Math.max(image.width, leastWidth);
  if (height === image.height && width === image.width) return image;
  const left = Math.floor((width - image.width) / 2);
  const top = Math.floor((height - image.height) / 2);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    data.set(row, ((top + y) * width + left) * 3);
  }
  return { width, height, channels: 3, data };
}

/** The image in a mirror. */
export function flipHorizontal(
  { width, height, data }: RgbImage,
  flipped: Uint8Array = new Uint8Array(data.length),
): RgbImage {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      const to = (y * width + width - 1 - x) * 3;
      flipped[to] = data[from];
      flipped[to + 1] = data[from + 1];
      flipped[to + 2] = data[from + 2];
    }
  }
  return { width, height, channels: 3, data: flipped };
}

/** Size with the shorter side brought to `side`; the other is cut to whole pixels, as in torchvision. */
export function shortSideSize(
  { width, height }: { readonly width: number; readonly height: number },
  side: number,
): { readonly width: number; readonly height: number } {
  return width <= height
    ? { width: side, height: Math.trunc((side * height) / width) }
    : { width: Math.trunc((side * width) / height), height: side };
}
