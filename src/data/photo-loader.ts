import { FormatError } from '../utils/errors.js';
import type { BatchSource, ImageBatch } from './batch.js';
import { BatchRing } from './batch-ring.js';
import type { PhotoDataset } from './datasets/dataset.js';
import type { PhotoReader } from './photo-reader.js';
import type { Sampler, SamplerBatch } from './samplers/sampler.js';
import type { ImageRequest } from './transforms/augment.js';

export interface PhotoLoaderOptions {
  /** Batches that are made while earlier ones are in use. */
  readonly prefetch?: number;
  /** Share of the photos that may be unreadable; with more, the run stops. */
  readonly maxSkippedShare?: number;
}

/**
 * Batches of photos, which the reader writes where they stay until the device takes them. A photo that cannot be read
 * is listed in `skipped`, and the next one in the dataset that can be takes its place, so that batches are the same
 * however many workers read them.
 */
export class PhotoLoader implements BatchSource {
  readonly ring: BatchRing;
  readonly #skipped = new Map<string, string>();
  readonly #prefetch: number;
  readonly #maxSkipped: number;

  constructor(
    readonly dataset: PhotoDataset,
    readonly sampler: Sampler,
    readonly reader: PhotoReader,
    { prefetch = 2, maxSkippedShare = 0.05 }: PhotoLoaderOptions = {},
  ) {
    this.#prefetch = prefetch;
    this.#maxSkipped = maxSkippedShare * dataset.length;
    const largest = Math.max(...sampler.shapes.map(({ batch, height, width }) => batch * height * width));
    this.ring = new BatchRing(largest * dataset.channels, reader.shared);
  }

  get skipped(): ReadonlyMap<string, string> {
    return this.#skipped;
  }

  get description(): string {
    return this.reader.description;
  }

  get decodeMilliseconds(): number {
    return this.reader.decodeMilliseconds;
  }

  /** When the consumer leaves early, what is under way is waited for, so that nothing of an epoch outlives it. */
  async *epoch(epoch: number, from = 0): AsyncGenerator<ImageBatch> {
    const underWay: Promise<ImageBatch>[] = [];
    let number = 0;
    let position = 0;
    try {
      for (const batch of this.sampler.epoch(epoch)) {
        if (number++ >= from) {
          const made = this.#make(batch, epoch, position);
          // It may fail before anyone waits for it; whoever does still gets the error.
          made.catch(() => {});
          underWay.push(made);
        }
        position += batch.indices.length;
        if (underWay.length > this.#prefetch) yield await underWay.shift()!;
      }
      while (underWay.length > 0) yield await underWay.shift()!;
    } finally {
      for (const made of await Promise.allSettled(underWay)) {
        if (made.status === 'fulfilled') made.value.release?.();
      }
    }
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  async #make({ height, width, indices }: SamplerBatch, epoch: number, position: number): Promise<ImageBatch> {
    const { channels, labels } = this.dataset;
    const bytes = height * width * channels;
    const block = this.ring.take(indices.length * bytes);
    const target = new Int32Array(indices.length);
    const place = async (wanted: number, i: number) => {
      const request = { height, width, epoch, index: wanted, position: position + i };
      target[i] = labels[await this.#read(request, block.subarray(i * bytes, (i + 1) * bytes))];
    };
    // Nobody else may have the block before all are done with it.
    const places = await Promise.allSettled(Array.from(indices, place));
    let held = true;
    const release = () => {
      if (held) this.ring.give(block);
      held = false;
    };
    const failed = places.find(({ status }) => status === 'rejected');
    if (failed) {
      release();
      throw (failed as PromiseRejectedResult).reason;
    }
    const image = block.subarray(0, indices.length * bytes);
    return { size: indices.length, height, width, channels, image, target, release };
  }

  /** @returns index of the photo that was read */
  async #read(request: ImageRequest, output: Uint8Array): Promise<number> {
    const { length, paths } = this.dataset;
    for (let offset = 0; offset < length; offset++) {
      const index = (request.index + offset) % length;
      if (this.#skipped.has(paths[index])) continue;
      try {
        await this.reader.read(paths[index], { ...request, index }, output);
        return index;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        this.#skip(paths[index], error);
      }
    }
    throw new FormatError(`${this.dataset.name}: no photo can be read`, 'look at the files');
  }

  #skip(path: string, { message }: FormatError): void {
    this.#skipped.set(path, message.split('\n')[0]);
    const { size } = this.#skipped;
    if (size <= this.#maxSkipped) return;
    const [[first, reason]] = this.#skipped;
    throw new FormatError(
      `${this.dataset.name}: ${size} of ${this.dataset.length} photos cannot be read, the first is ${first}: ${reason}`,
      'remove or repair them, or allow more with dataset.max_skipped_percentage',
    );
  }
}
