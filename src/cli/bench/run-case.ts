import { difference, type Fingerprint, lossDifference } from './fingerprint.js';
import type { BenchTask, Facts, Round, Side } from './side.js';
import { summarize, type Timing } from './statistics.js';

export interface CaseOptions {
  readonly rounds: number;
  /** A round repeats a case until this many milliseconds have passed. */
  readonly minimum: number;
  /** Largest relative difference of the results that is still the same computation. */
  readonly tolerance: number;
}

export interface Measured {
  readonly side: Side;
  readonly timing: Timing;
  readonly rounds: readonly Round[];
  readonly facts: Facts;
}

export interface CaseResult {
  readonly ours: Measured;
  readonly peers: readonly Measured[];
  /** Why peers that are not in the list were left out. */
  readonly notes: readonly string[];
}

/** A run longer than this is its own warm-up, and is timed once. */
const LONG_RUN = 5000;

/**
 * Prepares a case on every side, compares what they compute, and only then times them in turn, round after round, so
 * that a slow moment of the machine falls on all. A side whose results differ, or that cannot run the case, is left
 * out and named. The first round warms up and does not count.
 */
export async function runCase(
  task: BenchTask,
  ours: Side,
  peers: readonly Side[],
  options: CaseOptions,
): Promise<CaseResult> {
  const notes: string[] = [];
  const prepared = await ours.prepare(task);
  const sides: Prepared[] = [{ side: ours, slow: prepared.milliseconds > LONG_RUN }];
  for (const side of peers) {
    try {
      const { fingerprint, milliseconds } = await side.prepare(task);
      const off = (task.checks > 1 ? lossDifference : difference)(prepared.fingerprint, fingerprint);
      if (off <= options.tolerance) sides.push({ side, slow: milliseconds > LONG_RUN });
      else notes.push(refusal(task, side, off, prepared.fingerprint, fingerprint));
    } catch (error) {
      notes.push(`${task.name}: ${side.name} does not run it: ${error instanceof Error ? error.message : error}`);
    }
  }
  const measured = await measure(sides, options);
  return {
    ours: measured.get(ours) as Measured,
    peers: peers.flatMap((side) => {
      const result = measured.get(side);
      if (result && 'timing' in result) return [result];
      if (result) notes.push(`${task.name}: ${side.name} stopped: ${result.message}`);
      return [];
    }),
    notes,
  };
}

interface Prepared {
  readonly side: Side;
  /** Its runs are so long that one has to do. */
  readonly slow: boolean;
}

/** Times all sides in turn. A peer that fails is left out from then on; when we fail, everything does. */
async function measure(
  [ours, ...others]: readonly Prepared[],
  { rounds, minimum }: CaseOptions,
): Promise<Map<Side, Measured | Error>> {
  const times = new Map<Side, Round[]>([ours, ...others].map(({ side }) => [side, []]));
  const results = new Map<Side, Measured | Error>();
  const attempt = async (side: Side, action: () => Promise<void>): Promise<void> => {
    if (results.has(side)) return;
    try {
      await action();
    } catch (error) {
      if (side === ours.side) throw error;
      results.set(side, error instanceof Error ? error : new Error(String(error)));
    }
  };
  for (let round = 0; round <= rounds; round++) {
    for (const { side, slow } of [ours, ...others]) {
      if (slow && round !== 1) continue;
      await attempt(side, async () => {
        const timed = await side.time(minimum);
        if (round > 0) times.get(side)!.push(timed);
      });
    }
  }
  for (const { side } of [ours, ...others]) {
    await attempt(side, async () => {
      const timed = times.get(side)!;
      const timing = summarize(timed.map(({ milliseconds }) => milliseconds));
      results.set(side, { side, timing, rounds: timed, facts: await side.facts() });
    });
  }
  return results;
}

function refusal({ name }: BenchTask, side: Side, off: number, ours: Fingerprint, theirs: Fingerprint): string {
  const few = (values: Fingerprint) =>
    values
      .slice(0, 3)
      .map((value) => Number((value ?? Number.NaN).toPrecision(5)))
      .join(', ');
  return (
    `${name}: not compared with ${side.name}, whose results differ by ${off.toExponential(1)}: ` +
    `ours ${few(ours)}, theirs ${few(theirs)}`
  );
}
