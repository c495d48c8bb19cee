/** One batch: which images, and the size they are brought to. */
export interface SamplerBatch {
  readonly height: number;
  readonly width: number;
  readonly indices: Uint32Array;
}

/** A size of batch that a sampler may emit. Plans for all of them are made before the first step. */
export interface BatchShape {
  readonly height: number;
  readonly width: number;
  readonly batch: number;
}

/**
 * Chooses images and resolution. An epoch depends only on its number: to continue inside one, walk it again and skip
 * the batches that were done.
 */
export interface Sampler {
  epoch(epoch: number): Iterable<SamplerBatch>;
  /** Batches of that epoch. */
  batches(epoch: number): number;
  /** Every shape that some epoch may contain. */
  readonly shapes: readonly BatchShape[];
}
