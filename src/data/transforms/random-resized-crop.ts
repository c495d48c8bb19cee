import type { PhiloxSequence } from '../../utils/random.js';
import type { Region } from '../images/image.js';
import { roundHalfToEven } from './round.js';

export interface RandomResizedCropOptions {
  /** Smallest and largest share of the image's area. */
  readonly scale: readonly [number, number];
  /** Smallest and largest width divided by height. */
  readonly ratio: readonly [number, number];
}

export const defaultCrop: RandomResizedCropOptions = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

const TRIES = 10;

/**
 * The crop of Inception's augmentation (Szegedy et al., CVPR 2015) with torchvision's rounding: a uniform share of the
 * area and a log-uniform ratio, drawn up to ten times until the rectangle fits, then a uniform place. When none fits:
 * the largest centred rectangle whose ratio is allowed.
 */
export function randomCrop(
  { width: fullWidth, height: fullHeight }: { readonly width: number; readonly height: number },
  { scale, ratio }: RandomResizedCropOptions,
  random: PhiloxSequence,
): Region {
  for (let i = 0; i < TRIES; i++) {
    const area = fullWidth * fullHeight * random.uniform(...scale);
    const aspect = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = roundHalfToEven(Math.sqrt(area * aspect));
    const height = roundHalfToEven(Math.sqrt(area / aspect));
    if (width < 1 || height < 1 || width > fullWidth || height > fullHeight) continue;
    const y = Math.floor(random.uniform(0, fullHeight - height + 1));
    const x = Math.floor(random.uniform(0, fullWidth - width + 1));
    return { x, y, width, height };
  }
  return centralCrop(fullWidth, fullHeight, ratio);
}

function centralCrop(fullWidth: number, fullHeight: number, [least, most]: readonly [number, number]): Region {
  const aspect = fullWidth / fullHeight;
  const width = aspect > most ? roundHalfToEven(fullHeight * most) : fullWidth;
  const height = aspect < least ? roundHalfToEven(fullWidth / least) : fullHeight;
  return {
    x: Math.floor((fullWidth - width) / 2),
    y: Math.floor((fullHeight - height) / 2),
    width,
    height,
  };
}
