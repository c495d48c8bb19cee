import type { KernelCase } from './kernel-cases.js';
import type { ModelCase } from './model-cases.js';
import { type BenchRow, ratioOf, type Unit } from './row.js';
import { type CaseOptions, type CaseResult, type Measured, runCase } from './run-case.js';
import type { Side } from './side.js';
import { median, type Timing } from './statistics.js';

export interface Sides {
  readonly ours: Side;
  readonly peers: readonly Side[];
}

export interface SuiteContext {
  /** For rows: what was asked for. */
  readonly device: string;
  readonly rounds: number;
  openSides(): Promise<Sides>;
  /** Hears of cases as they begin, and why peers were left out. */
  progress(line: string): void;
  note(line: string): void;
}

/** Results of kernels are sums of thousands of products in float32; losses are after an update. */
const KERNEL_TOLERANCE = 1e-3;
const MODEL_TOLERANCE = 2e-3;
const KERNEL_MINIMUM = 20;
const MODEL_MINIMUM = 500;

/** Times each kernel beside its limits; all cases in the same processes. */
export async function benchKernels(cases: readonly KernelCase[], context: SuiteContext): Promise<BenchRow[]> {
  const sides = await context.openSides();
  const options = { rounds: context.rounds, minimum: KERNEL_MINIMUM, tolerance: KERNEL_TOLERANCE };
  try {
    const rows: BenchRow[] = [];
    for (const kernel of cases) {
      const result = await runOne('kernels', kernel, sides, options, context);
      rows.push(...kernelRows(kernel, result, context));
    }
    return rows;
  } finally {
    await closeAll(sides);
  }
}

/** Times training steps and forward passes of networks; every case in new processes, so that memory is its own. */
export async function benchModels(cases: readonly ModelCase[], context: SuiteContext): Promise<BenchRow[]> {
  const options = { rounds: context.rounds, minimum: MODEL_MINIMUM, tolerance: MODEL_TOLERANCE };
  const rows: BenchRow[] = [];
  for (const model of cases) {
    const sides = await context.openSides();
    try {
      rows.push(...modelRows(model, await runOne('models', model, sides, options, context), context));
    } finally {
      await closeAll(sides);
    }
  }
  return rows;
}

async function runOne(
  suite: string,
  one: KernelCase | ModelCase,
  { ours, peers }: Sides,
  options: CaseOptions,
  { progress, note }: SuiteContext,
): Promise<CaseResult> {
  progress(one.name);
  const task = { suite, name: one.name, checks: one.checks, graph: one.build().graph };
  const result = await runCase(task, ours, peers, options);
  result.notes.forEach(note);
  return result;
}

async function closeAll({ ours, peers }: Sides): Promise<void> {
  await Promise.all([ours, ...peers].map((side) => side.close()));
}

type Base = Pick<BenchRow, 'suite' | 'case' | 'device' | 'adapter' | 'software'>;

function base(suite: string, name: string, { ours: { side } }: CaseResult, { device }: SuiteContext): Base {
  return { suite, case: name, device, adapter: side.adapter, ...(side.software && { software: true }) };
}

/** A row of times for each peer, or one without a peer. `convert` turns milliseconds of a run into `unit`. */
function timeRows(
  row: Omit<BenchRow, 'ours'>,
  { ours, peers }: CaseResult,
  convert: (milliseconds: number) => number,
): BenchRow[] {
  const values = ({ timing }: Measured) => ({ value: convert(timing.median), best: convert(timing.best) });
  const spread = ({ spread: all }: Timing) => all;
  const mine = values(ours);
  const own: BenchRow = { ...row, ours: mine.value, best: mine.best, spread: spread(ours.timing) };
  if (peers.length === 0) return [own];
  return peers.map((peer) => {
    const theirs = values(peer);
    return {
      ...own,
      peer: peer.side.name,
      peer_value: theirs.value,
      peer_best: theirs.best,
      peer_spread: spread(peer.timing),
      ratio: ratioOf(row.unit, mine.value, theirs.value),
    };
  });
}

function kernelRows(kernel: KernelCase, result: CaseResult, context: SuiteContext): BenchRow[] {
  const { unit, flops, bytes, calls = 1 } = kernel;
  const work = { 'GFLOP/s': flops, 'GB/s': bytes } as const;
  const convert = (milliseconds: number): number =>
    unit === 'µs' ? (1000 * milliseconds) / calls : work[unit] / milliseconds / 1e6;
  const { rounds } = result.ours;
  const limits = (key: 'peak' | 'copy'): number | undefined => {
    const values = rounds.flatMap((round) => round[key] ?? []);
    return values.length > 0 ? median(values) : undefined;
  };
  const [peak, copy] = [limits('peak'), limits('copy')];
  const key = { 'GFLOP/s': 'peak', 'GB/s': 'copy', µs: undefined } as const;
  const bound = key[unit];
  const limit = bound && limits(bound);
  // Each round has its own limit beside it, so that a slow moment weighs on both.
  const fractions = rounds.flatMap((round) =>
    bound && round[bound] ? convert(round.milliseconds) / round[bound] : [],
  );
  const gflops = flops / result.ours.timing.median / 1e6;
  const metric = unit === 'µs' ? 'cost of a call' : 'rate';
  return timeRows({ ...base('kernels', kernel.name, result, context), metric, unit }, result, convert).map((row) => ({
    ...row,
    ...(limit && { limit, fraction_of_limit: median(fractions) }),
    ...(flops > 0 && peak && copy && { roofline: { intensity: flops / bytes, gflops, peak, copy } }),
  }));
}

/** Facts that become rows, by the key that sides use. */
const factMetrics: Readonly<Record<string, { readonly metric: string; readonly unit: Unit }>> = {
  planned: { metric: 'peak memory, planned', unit: 'bytes' },
  counted: { metric: 'peak memory, counted', unit: 'bytes' },
  resident: { metric: 'growth of resident memory', unit: 'bytes' },
  dispatches: { metric: 'dispatches a step', unit: 'count' },
  passes: { metric: 'compute passes a step', unit: 'count' },
  submits: { metric: 'submits a step', unit: 'count' },
  bound: { metric: 'bytes bound in a step', unit: 'bytes' },
  created: { metric: 'objects created in a step', unit: 'count' },
  pipelines: { metric: 'pipelines', unit: 'count' },
  gpu_peak: { metric: 'peak of GPU buffers', unit: 'bytes' },
};

function modelRows(model: ModelCase, result: CaseResult, context: SuiteContext): BenchRow[] {
  const shared = base('models', model.name, result, context);
  const timed = { ...shared, metric: model.mode, ...(model.scaling && { scaling: model.scaling }) };
  const rows =
    context.device === 'null'
      ? nullRows(shared, result)
      : [
          ...timeRows({ ...timed, unit: 'images/s' }, result, (milliseconds) => (1000 * model.batch) / milliseconds),
          ...(model.scaling ? timeRows({ ...timed, metric: 'time', unit: 'ms' }, result, (value) => value) : []),
        ];
  if (!model.scaling) {
    for (const [key, { metric, unit }] of Object.entries(factMetrics)) {
      rows.push(...factRows({ ...shared, metric, unit }, key, result));
    }
  }
  return rows;
}

/** The null backend computes nothing: what is left of a run is the cost of asking. */
function nullRows(shared: Base, { ours }: CaseResult): BenchRow[] {
  const { dispatches } = ours.facts;
  const microseconds = 1000 * ours.timing.median;
  return [
    { ...shared, metric: 'CPU time of a step', unit: 'µs', ours: microseconds, spread: ours.timing.spread },
    { ...shared, metric: 'CPU time of a dispatch', unit: 'µs', ours: microseconds / dispatches },
  ];
}

function factRows(row: Omit<BenchRow, 'ours'>, key: string, { ours, peers }: CaseResult): BenchRow[] {
  const mine = ours.facts[key];
  if (mine === undefined) return [];
  const own: BenchRow = { ...row, ours: mine };
  const known = peers.filter(({ facts }) => facts[key] !== undefined);
  if (known.length === 0) return [own];
  return known.map(({ side, facts }) => {
    const theirs = facts[key];
    const ratio = mine > 0 ? { ratio: ratioOf(row.unit, mine, theirs) } : {};
    return { ...own, peer: side.name, peer_value: theirs, ...ratio };
  });
}
