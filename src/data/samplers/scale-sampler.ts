import { ConfigError } from '../../utils/errors.js';
import { checkRanks, epochIndices, type IndexOptions, paddedSlice } from './indices.js';
import type { BatchShape, Sampler, SamplerBatch } from './sampler.js';

/** A table that holds from an epoch on. */
export interface ScheduledTable {
  readonly from: number;
  readonly table: readonly BatchShape[];
}

/**
 * What CVNets' two multi-scale samplers share: every batch draws an entry of the table from the stream that shuffled
 * the indices, so that all ranks draw the same. The last batch is filled from the front of the indices.
 */
export class ScaleSampler implements Sampler {
  readonly shapes: readonly BatchShape[];
  readonly #lengths = new Map<number, number>();
  #indexOptions: IndexOptions;

  /**
   * @param tables ascending by epoch; the first holds from epoch 0
   * Throws ConfigError for an empty dataset or a rank that does not exist.
   */
  constructor(
    indexOptions: IndexOptions,
    readonly tables: readonly ScheduledTable[],
  ) {
    checkRanks(indexOptions);
    this.#indexOptions = checkCount(indexOptions);
    const shapes = new Map<string, BatchShape>();
    for (const shape of tables.flatMap(({ table }) => table)) shapes.set(JSON.stringify(shape), shape);
    this.shapes = [...shapes.values()];
  }

  /** The resolutions and batch sizes of that epoch. */
  table(epoch: number): readonly BatchShape[] {
    return this.tables.filter(({ from }) => from <= epoch).at(-1)!.table;
  }

  /** From the next epoch on, only these images are drawn. */
  updateIndices(images: ArrayLike<number>): void {
    this.#indexOptions = checkCount({ ...this.#indexOptions, images, count: images.length });
    this.#lengths.clear();
  }

  batches(epoch: number): number {
    let count = this.#lengths.get(epoch);
    if (count === undefined) {
      count = 0;
      for (const _ of this.epoch(epoch)) count++;
      this.#lengths.set(epoch, count);
    }
    return count;
  }

  *epoch(epoch: number): Generator<SamplerBatch> {
    const table = this.table(epoch);
    const { indices, random } = epochIndices(epoch, this.#indexOptions);
    let start = 0;
    while (start < indices.length) {
      const { height, width, batch } = random.choice(table);
      yield { height, width, indices: paddedSlice(indices, start, batch) };
      start += batch;
    }
  }
}

function checkCount<T extends IndexOptions>(options: T): T {
  const { count } = options;
  if (Number.isInteger(count) && count > 0) return options;
  throw new ConfigError(`the sampler got ${count} images`, 'add images');
}
