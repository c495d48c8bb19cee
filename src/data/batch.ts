import type { LabelledImages } from './datasets/dataset.js';
import type { Sampler } from './samplers/sampler.js';

/** What one step is fed: pixels as N,H,W,C bytes and one class an image. */
export interface ImageBatch {
  readonly size: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly image: Uint8Array;
  readonly target: Int32Array;
  /**
   * Gives the memory of the pixels back, for a later batch: nobody looks at them afterwards. A batch that is not
   * released is its holder's for good.
   */
  release?(): void;
}

/** Where a run gets its batches from. */
export interface BatchSource {
  readonly dataset: LabelledImages;
  readonly sampler: Sampler;
  /** Files that could not be read so far, with the reason. */
  readonly skipped?: ReadonlyMap<string, string>;
  /** For people: who reads the images, and how they come here. */
  readonly description?: string;
  /** Milliseconds that decoding and transforming images has taken so far, all threads together. */
  readonly decodeMilliseconds?: number;
  /** @param from batches of the epoch to skip, to continue where a run stopped */
  epoch(epoch: number, from?: number): Iterable<ImageBatch> | AsyncIterable<ImageBatch>;
  /** Ends its workers, if it has any. */
  close?(): Promise<void>;
}

/** The same batches; `waited` hears of each how many milliseconds it took to come. */
export async function* timed(
  batches: Iterable<ImageBatch> | AsyncIterable<ImageBatch>,
  now: () => number,
  waited: (milliseconds: number) => void,
): AsyncGenerator<ImageBatch> {
  let asked = now();
  for await (const batch of batches) {
    waited(now() - asked);
    yield batch;
    asked = now();
  }
}

/** Throws RangeError when the epoch has no such batch. */
export async function firstBatch(source: BatchSource, epoch: number, from: number): Promise<ImageBatch> {
  for await (const batch of source.epoch(epoch, from)) return batch;
  throw new RangeError(`epoch ${epoch} has no batch ${from}`);
}
