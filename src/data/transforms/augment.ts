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
 * @param output where the pixels go, height x width x 3 bytes; new memory by default
 */
export function prepareImage(
  decoder: ImageDecoder,
  file: Uint8Array,
  request: ImageRequest,
  transform: ImageTransform,
  resize: Resize = resizeInTypeScript,
  output: Uint8Array = new Uint8Array(request.height * request.width * 3),
): RgbImage {
  return transform.kind === 'train'
    ? trainImage(decoder, file, request, transform, resize, output)
    : evalImage(decoder, file, request, transform, resize, output);
}

function trainImage(
  decoder: ImageDecoder,
  file: Uint8Array,
  { height, width, epoch, index, position }: ImageRequest,
  { crop, interpolation, flip, seed }: TrainTransform,
  resize: Resize,
  output: Uint8Array,
): RgbImage {
  const random = new PhiloxSequence(seed, STREAM, [index, epoch, position]);
  const region = crop && randomCrop(decoder.header(file), crop, random);
  const resized = resize(decoder.decode(file, { region }), height, width, interpolation);
  if (random.uniform() < flip) return flipHorizontal(resized, output);
  output.set(resized.data);
  return { ...resized, data: output };
}

function evalImage(
  decoder: ImageDecoder,
  file: Uint8Array,
  { height, width }: ImageRequest,
  { shortSide = Math.round((Math.max(height, width) * 8) / 7), interpolation }: EvalTransform,
  resize: Resize,
  output: Uint8Array,
): RgbImage {
  const image = decoder.decode(file);
  const size = shortSideSize(image, shortSide);
  return centerCrop(resize(image, size.height, size.width, interpolation), height, width, output);
}
