import { createWasmDevice } from '../../devices/wasm/device.js';
import type { Platform } from '../../platform/platform.js';
import { Engine, trace } from '../../scheduler/engine.js';
import { chooseCases } from './choose.js';
import { type KernelCase, kernelCases } from './kernel-cases.js';
import { multiplyAddProbe } from './limits.js';
import { measure, type Timed, type Timing } from './measure.js';
import type { BenchRow } from './row.js';

export interface KernelBenchOptions {
  /** 0 runs on the calling thread: the per-thread figures. */
  readonly threads: number;
  readonly rounds: number;
  /** Only cases whose name has this word, or a word that starts so. */
  readonly filter?: string;
}

/** Times each kernel of the wasm device beside its limit, measured in the same rounds. */
export async function benchKernels(platform: Platform, options: KernelBenchOptions): Promise<BenchRow[]> {
  const module = await WebAssembly.compile((await platform.readAsset('kernels.wasm')) as BufferSource);
  const probe = multiplyAddProbe(module);
  const chosen = chooseCases(kernelCases, options.filter);
  const cases = kernelCases.filter(
    (kernel) => chosen.includes(kernel) || (kernel.unit === 'GB/s' && kernel.name.startsWith('copy')),
  );
  const engine = new Engine(await createWasmDevice(platform, { threads: options.threads }));
  try {
    const timed: Timed[] = [];
    for (const kernel of cases) timed.push(await prepare(engine, kernel));
    const timings = await measure([probe, ...timed], { rounds: options.rounds, minimum: 20, now: platform.now });
    const threads = Math.max(1, options.threads);
    const peak = rate(probe.work, timings.get(probe.name)!) * threads;
    let copyRate = Number.NaN;
    return cases.map((kernel): BenchRow => {
      const timing = timings.get(kernel.name)!;
      const ours = rate(kernel.work, timing);
      if (kernel.name.startsWith('copy')) copyRate = ours;
      const limit = kernel.unit === 'GB/s' ? copyRate : peak;
      return {
        suite: 'kernels',
        case: kernel.name,
        device: 'wasm',
        adapter: engine.device.description,
        metric: 'best',
        unit: kernel.unit,
        ours,
        spread: timing.spread,
        limit,
        fraction_of_limit: ours / limit,
      };
    });
  } finally {
    await engine.close();
  }
}

async function prepare(engine: Engine, kernel: KernelCase): Promise<Timed> {
  const program = await engine.compile(
    kernel.name,
    trace(() => ({ result: kernel.build() })),
  );
  return { name: kernel.name, run: () => program.run({}, []) };
}

/** 10^9 a second. */
function rate(work: number, { best }: Timing): number {
  return work / best / 1e6;
}
