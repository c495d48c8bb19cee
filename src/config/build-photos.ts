import type { Split } from '../data/datasets/dataset.js';
import { imageTools } from '../data/images/tools.js';
import { PhotoPool } from '../data/photo-pool.js';
import { inlineReader, type PhotoReader } from '../data/photo-reader.js';
import type { ImageTransform } from '../data/transforms/augment.js';
import type { Platform } from '../platform/platform.js';
import type { Config } from './keys/index.js';

/** What reads the photos of a split and brings them to size. */
export async function photoReader(config: Config, platform: Platform, split: Split): Promise<PhotoReader> {
  const transform = photoTransform(config, split);
  const workers = config['dataset.workers'];
  if (workers !== 0) return new PhotoPool(platform, transform, workers < 0 ? platform.cores : workers);
  const imaging = await WebAssembly.compile((await platform.readAsset('imaging.wasm')) as BufferSource);
  return inlineReader(platform.files, await imageTools(imaging), transform);
}

/** The transforms of a recipe, in CVNets' order. */
export function photoTransform(config: Config, split: Split): ImageTransform {
  const resize = 'image_augmentation.resize';
  const crop = 'image_augmentation.random_resized_crop';
  const flip = 'image_augmentation.random_horizontal_flip';
  if (split === 'val') {
    return {
      kind: 'eval',
      shortSide: config[`${resize}.enable`] ? config[`${resize}.size`] : undefined,
      interpolation: config[`${resize}.interpolation`],
    };
  }
  return {
    kind: 'train',
    crop: config[`${crop}.enable`]
      ? { scale: config[`${crop}.scale`], ratio: config[`${crop}.aspect_ratio`] }
      : undefined,
    interpolation: config[`${crop}.interpolation`],
    flip: config[`${flip}.enable`] ? config[`${flip}.p`] : 0,
    seed: config['common.seed'],
  };
}
