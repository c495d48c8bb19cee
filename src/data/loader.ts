import { ConfigError } from '../utils/errors.js';
import type { BatchSource, ImageBatch } from './batch.js';
import type { ImageDataset } from './datasets/dataset.js';
import type { Sampler, SamplerBatch } from './samplers/sampler.js';

/** Reads the batches that a sampler chooses. The arrays of a batch are its own: it may be kept. */
export class Loader implements BatchSource {
  /** Throws ConfigError when the sampler asks for sizes that the images do not have. */
  constructor(
    readonly dataset: ImageDataset,
    readonly sampler: Sampler,
  ) {
    const { fixedSize, name } = dataset;
    for (const { height, width } of sampler.shapes) {
      if (!fixedSize || (fixedSize[0] === height && fixedSize[1] === width)) continue;
      throw new ConfigError(
        `the sampler asks for ${height}x${width}, but images of ${name} are ${fixedSize[0]}x${fixedSize[1]}`,
        `set sampler.bs.crop_size_height: ${fixedSize[0]} and sampler.bs.crop_size_width: ${fixedSize[1]}`,
      );
    }
  }

  /** @param from batches of the epoch to skip, to continue where a run stopped. */
  *epoch(epoch: number, from = 0): Generator<ImageBatch> {
    let position = 0;
    for (const batch of this.sampler.epoch(epoch)) {
      if (position++ >= from) yield this.#read(batch);
    }
  }

  #read({ height, width, indices }: SamplerBatch): ImageBatch {
    const { dataset } = this;
    const bytes = height * width * dataset.channels;
    const image = new Uint8Array(indices.length * bytes);
    const target = new Int32Array(indices.length);
    indices.forEach((index, i) => {
      dataset.write(index, image.subarray(i * bytes, (i + 1) * bytes));
      target[i] = dataset.labels[index];
    });
    return { size: indices.length, height, width, channels: dataset.channels, image, target };
  }
}
