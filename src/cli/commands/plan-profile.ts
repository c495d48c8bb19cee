import type { Device } from '../../devices/device.js';
import { copy, fill, mean } from '../../ops/index.js';
import type { Platform } from '../../platform/platform.js';
import { type Engine, trace } from '../../scheduler/engine.js';
import { profile, type StepTime } from '../../scheduler/profile.js';
import type { Program } from '../../scheduler/program.js';
import { allocate } from '../../tensor/dtype.js';
import { size } from '../../tensor/shape.js';
import { wasmProbe, webgpuProbe } from '../bench/limits.js';
import { formatLarge } from '../format.js';
import { makeTable } from '../table.js';

const ROUNDS = 5;
/** 64 MB: larger than caches. */
const COPIED_FLOATS = 2 ** 24;

/** What the machine can do: the two sides of a roofline. */
interface Limits {
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** One operator of the step beside the least time that its operations and bytes allow. */
export interface ProfileRow {
  readonly op: string;
  readonly scope: string;
  readonly shape: readonly number[];
  readonly kernels: StepTime['kernels'];
  readonly milliseconds: number;
  readonly roofline: number;
  readonly bound: 'arithmetic' | 'memory';
}

export interface PlanProfile extends Limits {
  readonly milliseconds: number;
  readonly rows: readonly ProfileRow[];
}

/** Runs the step on made-up images and times its kernels one by one, beside probes of the machine. */
export async function profilePlan(
  platform: Platform,
  engine: Engine,
  program: Program,
  scalars: Readonly<Record<string, number>>,
): Promise<PlanProfile> {
  const { plan } = program;
  const inputs = Object.fromEntries(
    [...plan.inputs].map(([name, { shape, dtype }]) => {
      const values = allocate(dtype, size(shape));
      return [name, dtype === 'u8' ? values.map((_, i) => (i * 2654435761) >>> 24) : values];
    }),
  );
  const used = Object.fromEntries([...plan.scalars.keys()].map((name) => [name, scalars[name] ?? 0]));
  await program.run({ inputs, scalars: used });
  const times = await profile(program, ROUNDS, platform.now);
  const limits = await measureLimits(platform, engine);
  const rows = times.map((time) => rowOf(time, limits));
  return { ...limits, milliseconds: rows.reduce((sum, row) => sum + row.milliseconds, 0), rows };
}

async function measureLimits(platform: Platform, engine: Engine): Promise<Limits> {
  const probe = await openProbe(platform, engine.device);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = platform.now();
    await probe.run();
    await probe.finish();
    best = Math.min(best, platform.now() - start);
  }
  probe.close();
  const program = await engine.compile(
    'copy',
    trace(() => ({ mean: mean(copy(fill([COPIED_FLOATS], 1))) })),
  );
  await program.run();
  const times = await profile(program, ROUNDS, platform.now);
  const { milliseconds, step } = times.find((time) => time.step.node.op === 'copy')!;
  engine.release(program);
  return { flopsPerSecond: (1000 * probe.flops) / best, bytesPerSecond: (1000 * step.bytes) / milliseconds };
}

function openProbe(platform: Platform, { kind, description }: Device) {
  return kind === 'webgpu' ? webgpuProbe(platform) : wasmProbe(platform, Number(/(\d+) thread/.exec(description)?.[1]));
}

function rowOf({ step, milliseconds, kernels }: StepTime, { flopsPerSecond, bytesPerSecond }: Limits): ProfileRow {
  const arithmetic = (1000 * step.flops) / flopsPerSecond;
  const memory = (1000 * step.bytes) / bytesPerSecond;
  const { op, scope, outputs } = step.node;
  const bound = arithmetic > memory ? 'arithmetic' : 'memory';
  return { op, scope, shape: outputs[0].shape, kernels, milliseconds, roofline: Math.max(arithmetic, memory), bound };
}

const MOST_ROWS = 20;

/** Operators by the time they take in all, then the single nodes that take most. */
export function profileText({ rows, milliseconds, flopsPerSecond, bytesPerSecond }: PlanProfile): string {
  const share = (part: number, of: number) => `${((100 * part) / of).toFixed(0)} %`;
  const sums = new Map<string, { calls: number; milliseconds: number; roofline: number }>();
  for (const { op, kernels, ...row } of rows) {
    const sum = sums.get(op) ?? { calls: 0, milliseconds: 0, roofline: 0 };
    sum.calls += kernels.length;
    sum.milliseconds += row.milliseconds;
    sum.roofline += row.roofline;
    sums.set(op, sum);
  }
  const operators = makeTable(
    ['operator', 'kernels', 'ms', 'of all', 'roofline ms', 'reached'],
    ['left', 'right', 'right', 'right', 'right', 'right'],
  );
  for (const [op, sum] of [...sums].sort(([, a], [, b]) => b.milliseconds - a.milliseconds)) {
    const times = [sum.milliseconds.toFixed(3), share(sum.milliseconds, milliseconds), sum.roofline.toFixed(3)];
    operators.push([op, sum.calls, ...times, share(sum.roofline, sum.milliseconds)]);
  }
  const nodes = makeTable(
    ['slowest', 'kernels', 'output', 'ms', 'roofline ms', 'reached', 'bound by'],
    ['left', 'left', 'left', 'right', 'right', 'right', 'left'],
  );
  for (const row of [...rows].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, MOST_ROWS)) {
    const kernels = [...new Set(row.kernels.map(({ name }) => name))].join(' ');
    const times = [row.milliseconds.toFixed(3), row.roofline.toFixed(3), share(row.roofline, row.milliseconds)];
    nodes.push([row.scope || row.op, kernels, row.shape.join('x'), ...times, row.bound]);
  }
  return [
    operators.toString(),
    nodes.toString(),
    `kernels one by one take ${milliseconds.toFixed(1)} ms; the machine does ${formatLarge(flopsPerSecond)}FLOP/s ` +
      `and copies ${formatLarge(bytesPerSecond)}B/s, read and written`,
    '',
  ].join('\n');
}
