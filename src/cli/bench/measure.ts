/** One thing to time: `run` does it once and resolves when it is done. */
export interface Timed {
  readonly name: string;
  run(): Promise<unknown>;
}

export interface Timing {
  /** Milliseconds of one run. */
  readonly best: number;
  readonly median: number;
  /** (slowest - fastest) / median of the rounds. */
  readonly spread: number;
}

export interface MeasureOptions {
  readonly rounds: number;
  /** A round repeats a case until this many milliseconds have passed. */
  readonly minimum: number;
  readonly now: () => number;
}

/**
 * Times all cases in turn, round after round, so that a slow moment of the machine falls on all of them. The first
 * round warms up and does not count.
 */
export async function measure(cases: readonly Timed[], options: MeasureOptions): Promise<Map<string, Timing>> {
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = 0; round <= options.rounds; round++) {
    for (const timed of cases) {
      const milliseconds = await timeOnce(timed, options);
      if (round > 0) samples.get(timed.name)!.push(milliseconds);
    }
  }
  return new Map([...samples].map(([name, values]) => [name, summarize(values)]));
}

async function timeOnce(timed: Timed, { minimum, now }: MeasureOptions): Promise<number> {
  const start = now();
  let runs = 0;
  let elapsed = 0;
  do {
    await timed.run();
    runs++;
    elapsed = now() - start;
  } while (elapsed < minimum);
  return elapsed / runs;
}

function summarize(values: readonly number[]): Timing {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  return { best: sorted[0], median, spread: (sorted[sorted.length - 1] - sorted[0]) / median };
}
