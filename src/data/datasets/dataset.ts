export type Split = 'train' | 'val';

/** Labelled images, wherever their pixels are. */
export interface LabelledImages {
  readonly name: string;
  readonly length: number;
  readonly classes: readonly string[];
  readonly channels: number;
  /** Class of each image. */
  readonly labels: Int32Array;
  /** Height and width when all images share them; then batches must have that size. */
  readonly fixedSize?: readonly [height: number, width: number];
}

/** Images whose pixels are at hand. */
export interface ImageDataset extends LabelledImages {
  /** Writes image `index` as height x width x channels bytes into `output`. */
  write(index: number, output: Uint8Array): void;
}

/** Images in files of any size, to be decoded when they are needed. */
export interface PhotoDataset extends LabelledImages {
  readonly channels: 3;
  readonly paths: readonly string[];
}

export type Dataset = ImageDataset | PhotoDataset;

export function isPhotoDataset(dataset: Dataset): dataset is PhotoDataset {
  return 'paths' in dataset;
}
