import { ConfigError } from '../../utils/errors.js';
import { MersenneTwister } from '../../utils/mersenne-twister.js';

/** Ranks that share a machine share a part of the images and see no others. */
export interface ShardOptions {
  /** Neighbouring ranks that share a part; it must divide their number. */
  readonly ranksPerNode: number;
  /** The order inside a part changes from epoch to epoch. */
  readonly shuffle: boolean;
}

export interface IndexOptions {
  /** Images of the dataset. */
  readonly count: number;
  /** The images to choose from, if not all: see `updateIndices` of the samplers. */
  readonly images?: ArrayLike<number>;
  readonly shuffle: boolean;
  /** Repeated augmentation: each index comes this many times in a row. */
  readonly repeats?: number;
  /** Keeps only as many entries as without repeating, so an epoch is as long as without it. */
  readonly truncateRepeats?: boolean;
  /** Which of `world` processes asks, from 0: each gets every `world`-th entry, and all get equally many. */
  readonly rank?: number;
  readonly world?: number;
  /** In training, each node has a part of the images for itself; without it, all ranks draw from all images. */
  readonly shards?: ShardOptions;
}

export interface EpochIndices {
  readonly indices: Uint32Array;
  /** The stream that shuffled, for what the sampler draws after it; at the same position on every rank. */
  readonly random: MersenneTwister;
}

/** Throws ConfigError for a rank outside of its world, or parts that do not come out even. */
export function checkRanks({ rank = 0, world = 1, shards }: IndexOptions): void {
  if (!Number.isInteger(world) || world < 1) throw new ConfigError(`there are ${world} ranks`, 'use a whole number');
  if (!Number.isInteger(rank) || rank < 0 || rank >= world) {
    throw new ConfigError(`rank ${rank} of ${world}`, `ranks are counted from 0 to ${world - 1}`);
  }
  if (!shards || (Number.isInteger(shards.ranksPerNode) && world % shards.ranksPerNode === 0)) return;
  throw new ConfigError(`${world} ranks cannot be shared by nodes of ${shards.ranksPerNode}`, 'use a divisor');
}

/**
 * Indices of one epoch as CVNets orders them: filled from the front to a multiple of `world`, seeded with the epoch's
 * number, shuffled, repeated, dealt to the ranks. Shards are cut before the shuffle, and each is dealt to the ranks of
 * its node. Without `shuffle`, as for evaluation, there are no shards and nothing is repeated.
 */
export function epochIndices(epoch: number, options: IndexOptions): EpochIndices {
  const { count, images, shuffle, rank = 0, world = 1 } = options;
  const repeats = shuffle ? (options.repeats ?? 1) : 1;
  const random = new MersenneTwister(epoch);
  const shards = shuffle ? options.shards : undefined;
  const ranks = shards?.ranksPerNode ?? world;
  const perRank = Math.ceil(count / world);
  const start = Math.floor(rank / ranks) * ranks * perRank;
  const order = Uint32Array.from({ length: ranks * perRank }, (_, i) => (start + i) % count);
  if (shuffle && shards?.shuffle !== false) random.shuffle(order);
  const indices = Uint32Array.from({ length: epochLength(options) }, (_, i) => {
    const chosen = order[Math.floor(((rank % ranks) + i * ranks) / repeats)];
    return images ? images[chosen] : chosen;
  });
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
