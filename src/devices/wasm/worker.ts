import { BARRIER, COUNT, GENERATION, QUIT, TAPE } from './control.js';
import { instantiate } from './instance.js';

/** What the pool sends to a new thread. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  readonly threads: number;
}

/** What thread 0 answers after every tape, and any thread when a kernel trapped. */
export type ThreadReport = { readonly done: number } | { readonly error: string };

/**
 * The body of a pool thread: waits for a generation, runs the tape, reports. It never returns to the event loop
 * until the pool is closed.
 */
function serve({ module, memory, thread, threads }: ThreadStart, report: (message: ThreadReport) => void): void {
  const control = new Int32Array(memory.buffer, 0, 16);
  const kernels = instantiate(module, memory);
  report({ done: 0 });
  for (let generation = 0; ; generation++) {
    while (Atomics.load(control, GENERATION) === generation) Atomics.wait(control, GENERATION, generation);
    if (Atomics.load(control, QUIT)) return;
    try {
      kernels.run(control[TAPE], control[COUNT], BARRIER, thread, threads);
    } catch (error) {
      report({ error: String(error) });
      return;
    }
    if (thread === 0) report({ done: generation + 1 });
  }
}

/** The host's side of a worker script: see `Platform.startWorker`. */
declare function receive(listener: (message: ThreadStart) => void): void;
declare function send(message: ThreadReport): void;

receive((start) => serve(start, send));
