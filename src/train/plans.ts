import type { BatchSource } from '../data/batch.js';
import type { BatchShape } from '../data/samplers/sampler.js';
import type { Device } from '../devices/device.js';
import { STATE_ALIGNMENT } from '../devices/group.js';
import { buildPlan, type Plan, type PlanMemory } from '../graph/plan.js';
import type { State } from '../tensor/state.js';
import { gradientSums, inputSpecs, type StepKind, traceEvaluation, traceStep } from './programs.js';
import type { AverageRule, Task, UpdateRule } from './task.js';

export interface RunPlanOptions {
  readonly task: Task;
  readonly rule: UpdateRule;
  readonly average?: AverageRule;
  readonly accumulation: { readonly batches: number };
  readonly loader: Pick<BatchSource, 'dataset' | 'sampler'>;
  readonly val: Pick<BatchSource, 'dataset' | 'sampler'>;
  /** Most bytes that any one program may need. */
  readonly memoryBudget?: number;
}

export interface RunPlan {
  readonly programs: readonly { readonly name: string; readonly shape: BatchShape; readonly plan: Plan }[];
  /** Of the whole run: all programs are loaded at once and share the states and one pool. */
  readonly memory: PlanMemory;
}

/** Every kind of step that a run has. */
export function stepKinds(batchesPerUpdate: number): StepKind[] {
  if (batchesPerUpdate === 1) return [{ first: true, last: true }];
  return [true, false].flatMap((first) => [true, false].map((last) => ({ first, last })));
}

/** Plans all programs of a run, training and validation, without allocating anything. */
export function planRun(device: Device, options: RunPlanOptions): RunPlan {
  const { task, rule, average, accumulation, loader, val, memoryBudget: budget } = options;
  const sums = accumulation.batches > 1 ? gradientSums(task) : [];
  const programs: RunPlan['programs'][number][] = [];
  const add = (name: string, shape: BatchShape, trace: Parameters<typeof buildPlan>[1]) =>
    programs.push({ name, shape, plan: buildPlan(name, trace, device, { budget }) });
  for (const kind of stepKinds(accumulation.batches)) {
    const part = kind.first && kind.last ? '' : kind.first ? ', first of group' : kind.last ? ', last' : ', middle';
    for (const shape of loader.sampler.shapes) {
      const inputs = inputSpecs(shape, loader.dataset.channels);
      add(`training${part}`, shape, traceStep(task, rule, average, kind, sums, inputs));
    }
  }
  for (const averages of average ? [undefined, average] : [undefined]) {
    for (const shape of val.sampler.shapes) {
      const inputs = inputSpecs(shape, val.dataset.channels);
      add(averages ? 'validation of the average' : 'validation', shape, traceEvaluation(task, averages, inputs));
    }
  }
  return { programs, memory: memoryOf(programs.map(({ plan }) => plan)) };
}

function memoryOf(plans: readonly Plan[]): PlanMemory {
  const bytes = new Map<State, number>();
  for (const plan of plans) for (const [state, value] of plan.states) bytes.set(state, value.bytes);
  const states = [...bytes.values()].reduce((n, one) => n + Math.ceil(one / STATE_ALIGNMENT) * STATE_ALIGNMENT, 0);
  const sum = (part: 'constants' | 'program') => plans.reduce((n, { memory }) => n + memory[part], 0);
  const [constants, program] = [sum('constants'), sum('program')];
  const pool = Math.max(...plans.map(({ memory }) => memory.pool));
  return { states, pool, constants, program, total: states + pool + constants + program };
}
