import type { Files } from '../platform/platform.js';
import { FormatError } from '../utils/errors.js';
import { Slots } from '../utils/slots.js';
import type { BatchSource, ImageBatch } from './batch.js';
import type { PhotoDataset } from './datasets/dataset.js';
import type { ImageTools } from './images/tools.js';
import type { Sampler, SamplerBatch } from './samplers/sampler.js';
import { type ImageRequest, type ImageTransform, prepareImage } from './transforms/augment.js';

/** Turns a photo's file into pixels of the size that is asked for. */
export interface PhotoReader {
  /** Pixels as H,W,C bytes. Throws FormatError when the file cannot be read. */
  read(path: string, request: ImageRequest): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Reads on the calling thread, a few files ahead of the one that is decoded. */
export function inlineReader(files: Files, { decoder, resize }: ImageTools, transform: ImageTransform): PhotoReader {
  const slots = new Slots([1, 2, 3, 4]);
  return {
    read: (path, request) =>
      slots.use(async () => prepareImage(decoder, await files.read(path), request, transform, resize).data),
    close: async () => {},
  };
}

export interface PhotoLoaderOptions {
  /** Batches that are made while earlier ones are in use. */
  readonly prefetch?: number;
  /** Share of the photos that may be unreadable; with more, the run stops. */
  readonly maxSkippedShare?: number;
}

/**
 * Batches of photos. A photo that cannot be read is listed in `skipped`, and the next one in the dataset that can be
 * takes its place, so that batches are the same however many workers read them.
 */
export class PhotoLoader implements BatchSource {
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
  }

  get skipped(): ReadonlyMap<string, string> {
    return this.#skipped;
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
      await Promise.allSettled(underWay);
    }
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  async #make({ height, width, indices }: SamplerBatch, epoch: number, position: number): Promise<ImageBatch> {
    const bytes = height * width * 3;
    const image = new Uint8Array(indices.length * bytes);
    const target = new Int32Array(indices.length);
    const place = async (wanted: number, i: number) => {
      const { index, pixels } = await this.#read({ height, width, epoch, index: wanted, position: position + i });
      image.set(pixels, i * bytes);
      target[i] = this.dataset.labels[index];
    };
    await Promise.all(Array.from(indices, place));
    return { size: indices.length, height, width, channels: 3, image, target };
  }

  async #read(request: ImageRequest): Promise<{ index: number; pixels: Uint8Array }> {
    const { length, paths } = this.dataset;
    for (let offset = 0; offset < length; offset++) {
      const index = (request.index + offset) % length;
      if (this.#skipped.has(paths[index])) continue;
      try {
        return { index, pixels: await this.reader.read(paths[index], { ...request, index }) };
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
