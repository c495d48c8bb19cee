import { ConfigError } from '../../utils/errors.js';
import { checkRanks, epochIndices, epochLength, type IndexOptions, paddedSlice } from './indices.js';
import type { BatchShape, Sampler, SamplerBatch } from './sampler.js';

export interface BatchSamplerOptions extends IndexOptions {
  readonly height: number;
  readonly width: number;
  readonly batchSize: number;
}

/**
 * CVNets' `batch_sampler` (SSc-FBS): one resolution, one batch size. The last batch of an epoch may be shorter,
 * except where several ranks share the images: then it is filled from the front of the rank's own.
 */
export class BatchSampler implements Sampler {
  #options: BatchSamplerOptions;
  #shapes: readonly BatchShape[];

  /** Throws ConfigError for an empty dataset, a size below 1 or a rank that does not exist. */
  constructor(options: BatchSamplerOptions) {
    checkRanks(options);
    this.#options = options;
    this.#shapes = this.#shapesOf(options);
  }

  get shapes(): readonly BatchShape[] {
    return this.#shapes;
  }

  /** From the next epoch on, only these images are drawn. `shapes` may change with their number. */
  updateIndices(images: ArrayLike<number>): void {
    const options = { ...this.#options, images, count: images.length };
    this.#shapes = this.#shapesOf(options);
    this.#options = options;
  }

  #shapesOf(options: BatchSamplerOptions): BatchShape[] {
    const { height, width, batchSize } = options;
    for (const [name, value] of Object.entries({ count: options.count, height, width, batchSize })) {
      if (Number.isInteger(value) && value > 0) continue;
      throw new ConfigError(`batch_sampler: ${name} is ${value}`, 'use a whole number from 1');
    }
    const length = epochLength(options);
    const sizes = this.#isPadded
      ? [batchSize]
      : new Set([Math.min(batchSize, length), length % batchSize || batchSize]);
    return [...sizes].map((batch) => ({ height, width, batch }));
  }

  batches(_epoch: number): number {
    return Math.ceil(epochLength(this.#options) / this.#options.batchSize);
  }

  *epoch(epoch: number): Generator<SamplerBatch> {
    const { height, width, batchSize } = this.#options;
    const { indices } = epochIndices(epoch, this.#options);
    for (let start = 0; start < indices.length; start += batchSize) {
      const slice = this.#isPadded
        ? paddedSlice(indices, start, batchSize)
        : indices.subarray(start, start + batchSize);
      yield { height, width, indices: slice };
    }
  }

  get #isPadded(): boolean {
    return (this.#options.world ?? 1) > 1;
  }
}
