import { MersenneTwister } from '../../utils/mersenne-twister.js';

export interface IndexOptions {
  /** Images of the dataset. */
  readonly count: number;
  readonly shuffle: boolean;
  /** Repeated augmentation: each index comes this many times in a row. */
  readonly repeats?: number;
  /** Keeps only as many entries as without repeating, so an epoch is as long as without it. */
  readonly truncateRepeats?: boolean;
  /** Which of `world` processes asks, from 0: each gets every `world`-th entry, and all get equally many. */
  readonly rank?: number;
  readonly world?: number;
}

export interface EpochIndices {
  readonly indices: Uint32Array;
  /** The stream that shuffled, for what the sampler draws after it; at the same position on every rank. */
  readonly random: MersenneTwister;
}

/**
 * Indices of one epoch as CVNets orders them: filled from the front to a multiple of `world`, seeded with the epoch's
 * number, shuffled, repeated, dealt to the ranks. Without `shuffle`, as for evaluation, nothing is repeated either.
 */
export function epochIndices(epoch: number, options: IndexOptions): EpochIndices {
  const { count, shuffle, rank = 0, world = 1 } = options;
  const repeats = shuffle ? (options.repeats ?? 1) : 1;
  const random = new MersenneTwister(epoch);
  const order = Uint32Array.from({ length: world * Math.ceil(count / world) }, (_, i) => i % count);
  if (shuffle) random.shuffle(order);
  const indices = Uint32Array.from(
    { length: epochLength(options) },
    (_, i) => order[Math.floor((rank + i * world) / repeats)],
  );
  return { indices, random };
}

/** Indices that one rank gets in an epoch. */
export function epochLength({ count, shuffle, repeats = 1, truncateRepeats = false, world = 1 }: IndexOptions): number {
  return Math.ceil(count / world) * (shuffle && !truncateRepeats ? repeats : 1);
}

/**
 * `batch` entries from `start`; where they end, they start again: CVNets' padding of a last batch. (CVNets goes round
 * only once, so that batches of fewer images than asked for come out of tiny datasets. Ours are always full.)
 */
export function paddedSlice(indices: Uint32Array, start: number, batch: number): Uint32Array {
  if (start + batch <= indices.length) return indices.subarray(start, start + batch);
  return Uint32Array.from({ length: batch }, (_, i) => indices[(start + i) % indices.length]);
}
