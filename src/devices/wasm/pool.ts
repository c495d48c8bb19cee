import type { Platform, WorkerHandle } from '../../platform/platform.js';
import { DeviceError } from '../../utils/errors.js';
import { BARRIER, COUNT, GENERATION, QUIT, TAPE } from './control.js';
import { instantiate } from './instance.js';
import type { ThreadReport, ThreadStart } from './worker.js';

/** Runs tapes of kernel calls. */
export interface Pool {
  readonly threads: number;
  run(tape: number, count: number): Promise<void>;
  close(): Promise<void>;
}

/** Runs on the calling thread: for hosts without shared memory, and for small graphs. */
export function inlinePool(module: WebAssembly.Module, memory: WebAssembly.Memory): Pool {
  const kernels = instantiate(module, memory);
  return {
    threads: 1,
    async run(tape, count) {
      kernels.run(tape, count, BARRIER, 0, 1);
    },
    async close() {},
  };
}

/** Starts `threads` workers that share `memory`. The calling thread never waits. */
export async function workerPool(
  platform: Platform,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  threads: number,
): Promise<Pool> {
  const control = new Int32Array(memory.buffer, 0, 16);
  const script = new TextDecoder().decode(await platform.readAsset('wasm-worker.js'));
  const workers: WorkerHandle[] = [];
  let pending: { resolve: () => void; reject: (error: Error) => void } | undefined;
  let failure: Error | undefined;

  const fail = (reason: string): void => {
    failure ??= new DeviceError(`a wasm thread stopped: ${reason}`, 'report it with the plan: cvnets plan prints it');
    for (const worker of workers) worker.terminate();
    pending?.reject(failure);
    pending = undefined;
  };
  const start = (thread: number): Promise<void> =>
    new Promise((ready, reject) => {
      const worker = platform.startWorker(script, `cvnets wasm ${thread}`);
      workers.push(worker);
      worker.onError((error) => {
        reject(error);
        fail(error.message);
      });
      worker.onMessage((message) => {
        const report = message as ThreadReport;
        if ('error' in report) fail(report.error);
        else if (report.done === 0) ready();
        else {
          pending?.resolve();
          pending = undefined;
        }
      });
      worker.post({ module, memory, thread, threads } satisfies ThreadStart);
    });
  await Promise.all(Array.from({ length: threads }, (_, thread) => start(thread)));

  return {
    threads,
    run(tape, count) {
      if (failure) return Promise.reject(failure);
      return new Promise((resolve, reject) => {
        pending = { resolve, reject };
        control[TAPE] = tape;
        control[COUNT] = count;
        Atomics.add(control, GENERATION, 1);
        Atomics.notify(control, GENERATION);
      });
    },
    async close() {
      Atomics.store(control, QUIT, 1);
      Atomics.add(control, GENERATION, 1);
      Atomics.notify(control, GENERATION);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
