/** Shorter waits are not worth a timer. */
const SHORTEST = 8;
/** Share of the expected time that is slept. */
const SHARE = 0.85;
/** Runs that are looked back at: the fastest of them counts, so that no outlier makes the next run wait. */
const RUNS = 4;

/**
 * How long results of one program usually take. Hosts such as Dawn in Node ask the driver again and again while a map
 * is pending, which takes a whole core from decoding or from a software adapter; so most of the time is slept first.
 */
export class Patience {
  readonly #times = new Float64Array(RUNS);
  #runs = 0;

  constructor(readonly now: () => number) {}

  /** Resolves with the value of `fetch`, which is called when it is about to be ready. */
  async wait<T>(fetch: () => Promise<T>): Promise<T> {
    const start = this.now();
    const nap = this.#runs < RUNS ? 0 : SHARE * Math.min(...this.#times);
    if (nap >= SHORTEST) await new Promise((resolve) => setTimeout(resolve, nap));
    const result = await fetch();
    this.#times[this.#runs++ % RUNS] = this.now() - start;
    return result;
  }
}
