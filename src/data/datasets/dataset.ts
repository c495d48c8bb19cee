/** Labelled images that can be read by index. */
export interface ImageDataset {
  readonly name: string;
  readonly length: number;
  readonly classes: readonly string[];
  readonly channels: number;
  /** Height and width when all images share them; then batches must have that size. */
  readonly fixedSize?: readonly [height: number, width: number];
  /** Class of each image. */
  readonly labels: Int32Array;
  /** Writes image `index` as height x width x channels bytes into `output`. */
  write(index: number, output: Uint8Array): void;
}
