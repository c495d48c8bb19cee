import type { Device } from '../../devices/device.js';
import { buildPlan } from '../../graph/plan.js';
import { Engine } from '../../scheduler/engine.js';
import { inputSpecs, traceStep } from '../../train/programs.js';
import { benchTask, CHANNELS } from './model-cases.js';
import type { GpuObserver } from './observe-gpu.js';
import { type BenchRow, softwareMark } from './row.js';
import { summarize } from './statistics.js';

export interface ResolutionOptions {
  readonly device: string;
  readonly network: string;
  /** The first one makes the pipelines; the others are new resolutions of a run under way. */
  readonly sizes: readonly number[];
  readonly batch: number;
  open(): Promise<Device>;
  now(): number;
  readonly observer?: GpuObserver;
}

/** What it costs when a sampler's table gets another resolution: planning, loading, and pipelines that were not there. */
export async function benchResolutions(options: ResolutionOptions): Promise<BenchRow[]> {
  const { network, sizes, batch, observer, now } = options;
  const { task, rule } = benchTask(network);
  const engine = new Engine(await options.open());
  try {
    const planning: number[] = [];
    const loading: number[] = [];
    let pipelines = 0;
    for (const [i, size] of sizes.entries()) {
      const specs = inputSpecs({ batch, height: size, width: size }, CHANNELS);
      const start = now();
      const traced = traceStep(task, rule, undefined, { first: true, last: true }, [], specs);
      buildPlan(`${size}`, traced, engine.device);
      const planned = now();
      observer?.reset();
      await engine.compile(`${size}`, traced);
      if (i === 0) continue;
      planning.push(planned - start);
      loading.push(now() - planned);
      pipelines += observer?.counts.pipelines ?? 0;
    }
    const { description: adapter } = engine.device;
    const name = `${network} batch ${batch}, from ${sizes[0]} to ${sizes.slice(1).join(', ')}`;
    const shared = { suite: 'startup', case: name, device: options.device, adapter, ...softwareMark(adapter) } as const;
    const timed = (metric: string, values: readonly number[]): BenchRow => {
      const { median, best, spread } = summarize(values);
      return { ...shared, metric, unit: 'ms', ours: median, best, spread };
    };
    const rows = [
      timed('trace and plan of a new resolution', planning),
      timed('plan and load of a new resolution', loading),
    ];
    if (observer) rows.push({ ...shared, metric: 'new pipelines', unit: 'count', ours: pipelines });
    return rows;
  } finally {
    await engine.close();
  }
}
