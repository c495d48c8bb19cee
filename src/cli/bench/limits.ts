import type { Timed } from './measure.js';

const ITERATIONS = 400_000;
/** 9 vector multiply-adds an iteration, 4 lanes, 2 operations. */
const FLOPS = 72 * ITERATIONS;
const ARGS = 1024;
const DATA = 4096;

/** The multiply-add rate of one core through WebAssembly SIMD: what a kernel bound by arithmetic is compared with. */
export function multiplyAddProbe(module: WebAssembly.Module): Timed & { readonly work: number } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, park() {} } });
  const probe = exports.probeMultiplyAdd as (args: number, thread: number, threads: number) => void;
  new Int32Array(memory.buffer, ARGS, 2).set([DATA, ITERATIONS]);
  new Float32Array(memory.buffer, DATA, 24).fill(1e-3);
  return { name: 'multiply-add', work: FLOPS, run: async () => probe(ARGS, 0, 1) };
}
