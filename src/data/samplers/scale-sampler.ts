import { ConfigError } from '../../utils/errors.js';
import { epochIndices, type IndexOptions, paddedSlice } from './indices.js';
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

  /**
   * @param tables ascending by epoch; the first holds from epoch 0
   * Throws ConfigError for an empty dataset.
   */
  constructor(
    readonly indexOptions: IndexOptions,
    readonly tables: readonly ScheduledTable[],
  ) {
    const { count } = indexOptions;
    if (!Number.isInteger(count) || count < 1) throw new ConfigError(`the sampler got ${count} images`, 'add images');
    const shapes = new Map<string, BatchShape>();
    for (const shape of tables.flatMap(({ table }) => table)) shapes.set(JSON.stringify(shape), shape);
    this.shapes = [...shapes.values()];
  }

  /** The resolutions and batch sizes of that epoch. */
  table(epoch: number): readonly BatchShape[] {
    return this.tables.filter(({ from }) => from <= epoch).at(-1)!.table;
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
    const { indices, random } = epochIndices(epoch, this.indexOptions);
    let start = 0;
    while (start < indices.length) {
      const { height, width, batch } = random.choice(table);
      yield { height, width, indices: paddedSlice(indices, start, batch) };
      start += batch;
    }
  }
}
