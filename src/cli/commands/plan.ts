import { datasetRegistry } from '../../config/build-data.js';
import type { ImageShape } from '../../config/build-model.js';
import { buildRun } from '../../config/build-run.js';
import { baseSize } from '../../config/build-sampler.js';
import { buildTask } from '../../config/build-task.js';
import type { Config } from '../../config/keys/index.js';
import { resolveConfig } from '../../config/resolve.js';
import type { Device } from '../../devices/device.js';
import type { RecomputePrice } from '../../graph/budget.js';
import type { ProgramTrace } from '../../graph/lower.js';
import { buildPlan, type Plan, type PlanMemory } from '../../graph/plan.js';
import { Engine } from '../../scheduler/engine.js';
import { inputSpecs, traceStep } from '../../train/programs.js';
import { ConfigError } from '../../utils/errors.js';
import { type CommandContext, flagSettings, loadRecipe, openConfiguredDevice, type RecipeFlags } from '../context.js';
import { formatBytes, formatCount, formatLarge, formatRecompute } from '../format.js';
import { makeTable } from '../table.js';
import { type PlanProfile, profilePlan, profileText } from './plan-profile.js';
import { defaultImage } from './summary.js';

export interface PlanFlags extends RecipeFlags {
  readonly batch?: string;
  readonly size?: string;
  readonly profile?: boolean;
}

interface Row {
  readonly op: string;
  calls: number;
  flops: number;
  bytes: number;
}

/** Prints what a training step will run and need, before anything runs. `target` is a recipe or a network's name. */
export async function plan(context: CommandContext, target: string, flags: PlanFlags): Promise<void> {
  const { output } = context;
  const isFile = /\.ya?ml$/.test(target);
  const notice = (message: string) => (flags.json ? undefined : output.writeError(`${message}\n`));
  const config = isFile
    ? (await loadRecipe(context, target, flags, notice)).config
    : modelConfig(context, target, flags);
  const image = isFile ? recipeImage(config, flags) : defaultImage(target, flags.size);
  const batch = flags.batch === undefined ? config['dataset.train_batch_size0'] : Number(flags.batch);
  if (!Number.isInteger(batch) || batch < 1) throw new ConfigError(`--batch is ${flags.batch}`, 'use a whole number');

  const task = buildTask(config, image);
  const { rule, average } = buildRun(config, task, 1);
  const device = await openConfiguredDevice(context, config, notice);
  try {
    const inputs = inputSpecs({ batch, height: image.height, width: image.width }, image.channels);
    const traced = traceStep(task, rule, average, { first: true, last: true }, [], inputs);
    const made = buildPlan('train', traced, device, { budget: config['memory.budget'] ?? undefined });
    const facts = summaryOf(made);
    const profile = flags.profile ? await profileOf(context, device, made, traced, rule.scalars(0, 0)) : undefined;
    if (flags.json)
      output.write(`${JSON.stringify({ device: device.description, batch, image, ...facts, profile })}\n`);
    else output.write(text(device.description, batch, image, facts) + (profile ? profileText(profile) : ''));
  } finally {
    await device.close();
  }
}

/** The same plan once more, in an engine that runs it. */
async function profileOf(
  { platform }: CommandContext,
  device: Device,
  { memory, name }: Plan,
  traced: ProgramTrace,
  scalars: Readonly<Record<string, number>>,
): Promise<PlanProfile> {
  const engine = new Engine(device);
  const program = await engine.compile(name, traced, { budget: memory.total });
  return profilePlan(platform, engine, program, scalars);
}

function modelConfig({ overrides }: CommandContext, name: string, flags: PlanFlags): Config {
  const model = { key: 'model.classification.name', value: name, where: 'command line' };
  return resolveConfig([model, ...overrides, ...flagSettings(flags)]);
}

function recipeImage(config: Config, flags: PlanFlags): ImageShape {
  const size = flags.size === undefined ? undefined : Number(flags.size);
  const { height, width } = baseSize(config);
  return {
    channels: datasetRegistry.find(config['dataset.name'] ?? '')?.channels ?? 3,
    height: size ?? height,
    width: size ?? width,
  };
}

interface PlanFacts {
  readonly kernels: number;
  readonly calls: number;
  readonly flops: number;
  readonly bytes: number;
  readonly memory: PlanMemory;
  readonly recomputed?: RecomputePrice;
  readonly operators: readonly Row[];
}

function summaryOf({ steps, memory, recomputed }: Plan): PlanFacts {
  const rows = new Map<string, Row>();
  for (const { node, lowering, flops, bytes } of steps) {
    const row = rows.get(node.op) ?? { op: node.op, calls: 0, flops: 0, bytes: 0 };
    row.calls += lowering.calls.length;
    row.flops += flops;
    row.bytes += bytes;
    rows.set(node.op, row);
  }
  const operators = [...rows.values()].sort((a, b) => b.flops - a.flops || b.bytes - a.bytes);
  const total = (field: 'calls' | 'flops' | 'bytes') => operators.reduce((sum, row) => sum + row[field], 0);
  return {
    kernels: steps.length,
    calls: total('calls'),
    flops: total('flops'),
    bytes: total('bytes'),
    memory,
    recomputed,
    operators,
  };
}

function text(device: string, batch: number, { channels, height, width }: ImageShape, facts: PlanFacts): string {
  const table = makeTable(['operator', 'calls', 'FLOPs', 'bytes'], ['left', 'right', 'right', 'right']);
  for (const { op, calls, flops, bytes } of facts.operators) {
    table.push([op, formatCount(calls), formatLarge(flops), formatBytes(bytes)]);
  }
  const { states, pool, constants, program, total } = facts.memory;
  return [
    `training step on ${device}, batch ${batch} of ${channels}x${height}x${width}`,
    table.toString(),
    `${formatCount(facts.kernels)} operators in ${formatCount(facts.calls)} kernel calls, ` +
      `${formatLarge(facts.flops)}FLOP, ${formatBytes(facts.bytes)} read and written`,
    ...(facts.recomputed ? [formatRecompute(facts.recomputed, total, facts.flops)] : []),
    `peak memory ${formatBytes(total)} (${formatCount(total)} bytes): ${formatBytes(states)} of states, ${formatBytes(pool)} of activations, ` +
      `${formatBytes(constants)} of constants, ${formatBytes(program)} of program`,
    '',
  ].join('\n');
}
