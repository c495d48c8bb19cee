import type { Fingerprint } from './fingerprint.js';
import type { GpuObserver } from './observe-gpu.js';
import type { BenchTask, Facts, Prepared, Round, Side } from './side.js';

/** A case that is built and can be run again and again. */
export interface Runner {
  /** Starts the case once more. Resolves at the latest when it is done; earlier where `finish` waits. */
  run(): Promise<unknown>;
  /** Resolves when everything that was started is done. */
  finish(): Promise<unknown>;
  /** Runs once and returns what is compared: the loss, or a fingerprint of the outputs. */
  check(): Promise<Fingerprint>;
  /** Limits of the machine for this case, timed now: see `Round`. */
  limits?(minimum: number): Promise<Pick<Round, 'peak' | 'copy'>>;
  facts?(): Promise<Facts>;
  /** How often `run` does the case; 1 when left out. */
  readonly repeats?: number;
  close(): Promise<void>;
}

/** An engine in this process. */
export interface Library {
  readonly name: string;
  readonly adapter: string;
  readonly software: boolean;
  build(task: BenchTask): Promise<Runner>;
  close?(): Promise<void>;
}

/** What the host knows about itself: Node has resident memory, pages do not. */
export interface Host {
  now(): number;
  readonly observer?: GpuObserver;
  facts?(): Facts;
}

/** Makes a side of a library that runs in this process: the timing loop is the same for ours and for peers. */
export class LibrarySide implements Side {
  readonly name: string;
  readonly adapter: string;
  readonly software: boolean;
  #runner?: Runner;
  #pipelines = 0;

  constructor(
    private readonly library: Library,
    private readonly host: Host,
  ) {
    this.name = library.name;
    this.adapter = library.adapter;
    this.software = library.software;
  }

  async prepare(task: BenchTask): Promise<Prepared> {
    await this.#release();
    this.host.observer?.reset();
    this.#runner = await this.library.build(task);
    const fingerprint: (number | null)[] = [];
    let milliseconds = 0;
    for (let check = 0; check < task.checks; check++) {
      const start = this.host.now();
      fingerprint.push(...(await this.#runner.check()));
      milliseconds = this.host.now() - start;
    }
    this.#pipelines = this.host.observer?.counts.pipelines ?? 0;
    return { fingerprint, milliseconds };
  }

  async time(minimum: number): Promise<Round> {
    const runner = this.#prepared();
    const milliseconds = (await timeRuns(runner, minimum, this.host.now)) / (runner.repeats ?? 1);
    return { milliseconds, ...(await runner.limits?.(minimum)) };
  }

  async facts(): Promise<Facts> {
    return { ...this.host.facts?.(), ...(await this.#gpuFacts()), ...(await this.#prepared().facts?.()) };
  }

  async close(): Promise<void> {
    await this.#release();
    await this.library.close?.();
  }

  /** What one more run asks of WebGPU. */
  async #gpuFacts(): Promise<Facts> {
    const { observer } = this.host;
    if (!observer) return {};
    const { run, finish } = this.#prepared();
    observer.reset();
    await run();
    await finish();
    const { dispatches, passes, submits, boundBytes, buffers, bindGroups, pipelines, shaderModules } = observer.counts;
    if (dispatches === 0) return {};
    return {
      dispatches,
      passes,
      submits,
      bound: boundBytes,
      created: buffers + bindGroups + pipelines + shaderModules,
      pipelines: this.#pipelines,
      gpu_peak: observer.memory.peak,
    };
  }

  #prepared(): Runner {
    if (!this.#runner) throw new Error(`${this.name} has no case; prepare one first`);
    return this.#runner;
  }

  async #release(): Promise<void> {
    const runner = this.#runner;
    this.#runner = undefined;
    await runner?.close();
  }
}

/**
 * Milliseconds of a run. Runs are started in growing batches with one `finish` each, so that a device with a queue is
 * kept busy and the wait at the end weighs little.
 */
export async function timeRuns(
  { run, finish }: Pick<Runner, 'run' | 'finish'>,
  minimum: number,
  now: () => number,
): Promise<number> {
  for (let batch = 1; ; batch *= 2) {
    const start = now();
    for (let i = 0; i < batch; i++) await run();
    await finish();
    const elapsed = now() - start;
    if (elapsed >= minimum) return elapsed / batch;
  }
}
