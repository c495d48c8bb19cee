import { PhiloxSequence, streamOf } from '../../utils/random.js';
import type { ImageDecoder } from '../images/decoder.js';
import type { RgbImage } from '../images/image.js';
import { centerCrop, flipHorizontal, shortSideSize } from './geometry.js';
import { type RandomResizedCropOptions, randomCrop } from './random-resized-crop.js';
import { type Interpolation, type Resize, resize as resizeInTypeScript } from './resize.js';

/** How training images are brought to size, in this order: crop, resize, flip. */
export interface TrainTransform {
  readonly kind: 'train';
  /** Without it the whole image is resized, whatever its proportions. */
  readonly crop?: RandomResizedCropOptions;
  readonly interpolation: Interpolation;
  /** Chance of a mirrored image. */
  readonly flip: number;
  readonly seed: number;
}

/** How validation images are brought to size: the shorter side is resized, then the centre is taken. */
export interface EvalTransform {
  readonly kind: 'eval';
  /** Length of the shorter side; default 8/7 of the crop's larger side, as 256 is of 224. */
  readonly shortSide?: number;
  readonly interpolation: Interpolation;
}

export type ImageTransform = TrainTransform | EvalTransform;

/** One image of a batch. What is drawn for it depends on nothing else. */
export interface ImageRequest {
  readonly height: number;
  readonly width: number;
  readonly epoch: number;
  readonly index: number;
  /** Place in the epoch, which tells the repeats of an image apart. */
  readonly position: number;
}

const STREAM = streamOf('image augmentation');

/**
 * Decodes a file and brings it to the size that is asked for. Throws FormatError for a file that cannot be read.
 * @param resize what resizes faster than TypeScript
 */
export function prepareImage(
  decoder: ImageDecoder,
  file: Uint8Array,
  request: ImageRequest,
  transform: ImageTransform,
  resize: Resize = resizeInTypeScript,
): RgbImage {
  return transform.kind === 'train'
    ? trainImage(decoder, file, request, transform, resize)
    : evalImage(decoder, file, request, transform, resize);
}

function trainImage(
  decoder: ImageDecoder,
  file: Uint8Array,
  { height, width, epoch, index, position }: ImageRequest,
  { crop, interpolation, flip, seed }: TrainTransform,
  resize: Resize,
): RgbImage {
  const random = new PhiloxSequence(seed, STREAM, [index, epoch, position]);
  const region = crop && randomCrop(decoder.header(file), crop, random);
  const resized = resize(decoder.decode(file, { region }), height, width, interpolation);
  return random.uniform() < flip ? flipHorizontal(resized) : resized;
}

function evalImage(
  decoder: ImageDecoder,
  file: Uint8Array,
  { height, width }: ImageRequest,
  { shortSide = Math.round((Math.max(height, width) * 8) / 7), interpolation }: EvalTransform,
  resize: Resize,
): RgbImage {
  const image = decoder.decode(file);
  const size = shortSideSize(image, shortSide);
  return centerCrop(resize(image, size.height, size.width, interpolation), height, width);
}
