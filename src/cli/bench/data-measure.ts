import { type BenchRow, ratioOf } from './row.js';
import { summarize } from './statistics.js';

export interface DataCase {
  readonly name: string;
  run(): Promise<BenchRow[]>;
}

/** One of those that do the same work. */
export interface Contender {
  readonly name: string;
  /** Does all of the work once. */
  pass(): Promise<void>;
  /** Pixels that the work makes: what is compared before the timing. */
  sample?(): Promise<Pixels>;
}

/** Red, green and blue come first in each pixel; behind the last one there may be more. */
export interface Pixels {
  readonly data: ArrayLike<number>;
  readonly pixels: number;
  readonly channels: number;
}

/** Without those whose pixels are others than the first one's: means of the difference above `most`. */
export async function agreeing(
  contenders: readonly Contender[],
  most: number,
  note: (line: string) => void,
): Promise<Contender[]> {
  const [ours, ...others] = contenders;
  const expected = await ours.sample?.();
  const kept = [ours];
  for (const other of others) {
    const off = expected && other.sample ? difference(expected, await other.sample()) : 0;
    if (off <= most) kept.push(other);
    else note(`not compared with ${other.name}: its pixels differ by ${off.toFixed(1)} of 255 in the mean`);
  }
  return kept;
}

function difference(a: Pixels, b: Pixels): number {
  if (a.pixels !== b.pixels) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < a.pixels; i++) {
    for (let c = 0; c < 3; c++) sum += Math.abs(a.data[i * a.channels + c] - b.data[i * b.channels + c]);
  }
  return sum / a.pixels / 3;
}

/**
 * Times contenders in turn, round after round and every other one backwards, so that a slow moment of the machine falls
 * on all. The first round warms up and does not count.
 * @param clock milliseconds: of CPU time for what one thread does, of the wall for what several do
 * @param minimum milliseconds on that clock that a round takes at least
 * @returns of each contender, milliseconds of a pass in each round
 */
export async function inTurn(
  contenders: readonly Contender[],
  { rounds, minimum, clock }: { rounds: number; minimum: number; clock: () => number },
): Promise<number[][]> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    const order = [...contenders.entries()];
    for (const [i, { pass }] of round % 2 === 0 ? order : order.reverse()) {
      const start = clock();
      let passes = 0;
      do {
        await pass();
        passes++;
      } while (clock() - start < minimum);
      if (round > 0) samples[i].push((clock() - start) / passes);
    }
  }
  return samples;
}

/** CPU milliseconds of this process, all its threads. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A row for each peer, or one without; `ours` is the first of the contenders. */
export function imageRows(
  base: Omit<BenchRow, 'ours' | 'unit'>,
  images: number,
  contenders: readonly Contender[],
  samples: readonly (readonly number[])[],
): BenchRow[] {
  const rate = (milliseconds: number) => (1000 * images) / milliseconds;
  const [mine, ...theirs] = samples.map(summarize);
  const unit = 'images/s';
  const own = { ...base, unit, ours: rate(mine.median), best: rate(mine.best), spread: mine.spread } as const;
  if (theirs.length === 0) return [own];
  return theirs.map((peer, i) => ({
    ...own,
    peer: contenders[i + 1].name,
    peer_value: rate(peer.median),
    peer_best: rate(peer.best),
    peer_spread: peer.spread,
    ratio: ratioOf(unit, own.ours, rate(peer.median)),
  }));
}
