import { MersenneTwister } from '../../utils/mersenne-twister.js';

export interface IndexOptions {
  /** Images of the dataset. */
  readonly count: number;
  readonly shuffle: boolean;
  /** Repeated augmentation: each index comes this many times in a row. */
  readonly repeats?: number;
  /** Keeps only the first `count` entries after repeating, so an epoch is as long as without it. */
  readonly truncateRepeats?: boolean;
}

export interface EpochIndices {
  readonly indices: Uint32Array;
  /** The stream that shuffled, for what the sampler draws after it. */
  readonly random: MersenneTwister;
}

/** Indices of one epoch as CVNets orders them: seeded with the epoch's number, shuffled, then repeated. */
export function epochIndices(epoch: number, options: IndexOptions): EpochIndices {
  const { count, shuffle, repeats = 1, truncateRepeats = false } = options;
  const random = new MersenneTwister(epoch);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  if (!shuffle) return { indices: order, random };
  random.shuffle(order);
  if (repeats === 1) return { indices: order, random };
  const length = truncateRepeats ? count : count * repeats;
  return { indices: Uint32Array.from({ length }, (_, i) => order[Math.floor(i / repeats)]), random };
}

export function epochLength({ count, shuffle, repeats = 1, truncateRepeats = false }: IndexOptions): number {
  return shuffle && !truncateRepeats ? count * repeats : count;
}
