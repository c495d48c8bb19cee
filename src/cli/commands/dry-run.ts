import { type BatchSource, firstBatch } from '../../data/batch.js';
import type { Block, Device } from '../../devices/device.js';
import { planFlops, type RecomputePrice } from '../../graph/budget.js';
import type { PlanMemory } from '../../graph/plan.js';
import { planRun, type RunPlan, type RunPlanOptions } from '../../train/plans.js';
import type { TrainerOptions } from '../../train/trainer.js';
import { DeviceError } from '../../utils/errors.js';
import { formatBytes, formatCount, formatLarge, formatRecompute } from '../format.js';
import type { Output } from '../report.js';
import { makeTable } from '../table.js';

export interface DryRunOptions extends RunPlanOptions {
  readonly device: Device;
  readonly loader: BatchSource;
  readonly val: BatchSource;
  readonly length: TrainerOptions['length'];
  readonly output: Output;
  readonly json?: boolean;
}

/** Everything of a run but the run: reads a batch of each split, plans all programs, asks for their memory. */
export async function dryRun(options: DryRunOptions): Promise<void> {
  const { device, loader, val, length, output, json } = options;
  for (const source of [loader, val]) await firstBatch(source, 0, 0);
  const plan = planRun(device, options);
  const programs = plan.programs.map(({ name, shape, plan: made }) => ({
    name,
    ...shape,
    flops: planFlops(made),
    bytes: made.steps.reduce((sum, { bytes }) => sum + bytes, 0),
    activations: made.memory.pool,
    peak: made.memory.total,
    recomputed: made.recomputed,
  }));
  const facts = {
    event: 'dry-run',
    device: device.description,
    train_images: loader.dataset.length,
    val_images: val.dataset.length,
    classes: loader.dataset.classes.length,
    skipped: [...(loader.skipped ?? []), ...(val.skipped ?? [])].map(([path, reason]) => ({ path, reason })),
    batches: loader.sampler.batches(0),
    ...length,
    programs,
    memory: plan.memory,
  };
  // The plan comes before the question whether it fits, so that it can be seen why it does not.
  output.write(json ? `${JSON.stringify(facts)}\n` : text(facts));
  askFor(device, plan);
  if (!json) output.write('it fits; nothing was trained\n');
}

/** Throws DeviceError, which names a batch that would fit, when the device cannot give the memory of the run. */
function askFor(device: Device, plan: RunPlan): void {
  try {
    allocate(device, plan.memory, plan.memory.pool);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new DeviceError(error.message.split('\n')[0], smallerBatch(device, plan));
  }
}

/** Takes the memory of a run whose programs need a pool of so many bytes, and gives it back. */
function allocate(device: Device, { states, constants, program }: PlanMemory, pool: number): void {
  const blocks: Block[] = [];
  try {
    blocks.push(device.allocate(states, 'states'));
    blocks.push(device.allocate(pool, 'activations'));
    if (constants + program > 0) blocks.push(device.allocate(constants + program, 'programs'));
  } finally {
    for (const block of blocks) device.free(block);
  }
}

const SHARES = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

function smallerBatch(device: Device, { programs, memory }: RunPlan): string {
  const { name, shape } = programs.reduce((a, b) => (b.plan.memory.pool > a.plan.memory.pool ? b : a));
  const key = name.startsWith('training') ? 'dataset.train_batch_size0' : 'dataset.val_batch_size0';
  const most = `${name} with ${shape.batch} images of ${shape.height}x${shape.width} needs most`;
  const share = SHARES.filter((divisor) => shape.batch >= divisor).find((divisor) => {
    try {
      // Activations shrink with the batch; gradients of weights, which take less than the states, do not.
      allocate(device, memory, memory.pool / divisor + memory.states);
      return true;
    } catch {
      return false;
    }
  });
  if (share === undefined) return `${most}; use smaller images or a smaller network`;
  const updates = name.startsWith('training') ? `; common.accum_freq times ${share} keeps the size of an update` : '';
  return `${most}; ${key} divided by ${share} would fit${updates}`;
}

interface Facts {
  readonly device: string;
  readonly train_images: number;
  readonly val_images: number;
  readonly classes: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly batches: number;
  readonly epochs?: number;
  readonly updates?: number;
  readonly programs: readonly {
    readonly name: string;
    readonly batch: number;
    readonly height: number;
    readonly width: number;
    readonly flops: number;
    readonly bytes: number;
    readonly activations: number;
    readonly peak: number;
    readonly recomputed?: RecomputePrice;
  }[];
  readonly memory: PlanMemory;
}

function text(facts: Facts): string {
  const table = makeTable(
    ['program', 'batch', 'size', 'FLOPs', 'bytes', 'activations'],
    ['left', 'right', 'right', 'right', 'right', 'right'],
  );
  for (const { name, batch, height, width, flops, bytes, activations } of facts.programs) {
    const size = `${height}x${width}`;
    table.push([name, batch, size, formatLarge(flops), formatBytes(bytes), formatBytes(activations)]);
  }
  const { states, pool, constants, program, total } = facts.memory;
  const length = facts.epochs === undefined ? `${formatCount(facts.updates!)} updates` : `${facts.epochs} epochs`;
  return [
    `${formatCount(facts.train_images)} training and ${formatCount(facts.val_images)} validation images of ${facts.classes} classes`,
    ...facts.skipped.map(({ path, reason }) => `skipped ${path}: ${reason}`),
    `${length}, ${formatCount(facts.batches)} batches in the first epoch, on ${facts.device}`,
    table.toString(),
    ...facts.programs.flatMap(({ recomputed, name, batch, height, width, peak, flops }) =>
      recomputed ? [`${name} ${batch} of ${height}x${width}: ${formatRecompute(recomputed, peak, flops)}`] : [],
    ),
    `peak memory ${formatBytes(total)} (${formatCount(total)} bytes): ${formatBytes(states)} of states, ` +
      `${formatBytes(pool)} of activations, ${formatBytes(constants)} of constants, ${formatBytes(program)} of programs`,
    '',
  ].join('\n');
}
