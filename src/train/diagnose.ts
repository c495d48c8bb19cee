import type { ImageBatch } from '../data/batch.js';
import { mul } from '../ops/binary.js';
import { fill } from '../ops/fill.js';
import { sum } from '../ops/reduce.js';
import { type Engine, trace } from '../scheduler/engine.js';
import { reachableNodes } from '../tensor/reachable.js';
import type { State } from '../tensor/state.js';
import type { Tensor } from '../tensor/tensor.js';
import { inputSpecs, traceForward, usedScalars } from './programs.js';
import type { Task } from './task.js';

/** Where the first number that is not finite came from, in words. */
export interface Diagnosis {
  readonly where: string;
  readonly hint: string;
}

/**
 * Finds what went wrong before a loss that is not finite. The engine must hold the states from before that step.
 * A parameter is looked at first, then every layer of the forward pass in order.
 */
export async function diagnose(
  engine: Engine,
  task: Task,
  batch: ImageBatch,
  counter: number,
): Promise<Diagnosis | undefined> {
  const cause = counter === 0 ? 'the initial values of' : 'the update before broke';
  for (const state of [...task.parameters, ...task.buffers]) {
    if (await allFinite(engine, state)) continue;
    return {
      where: `${cause} ${state.name}: not all of it is finite`,
      hint:
        counter === 0
          ? 'check how it is initialised, or what it was loaded from'
          : 'its gradient or the learning rate was too large: lower the rate, lengthen the warm-up or set common.grad_clip',
    };
  }
  const layer = await firstBadLayer(engine, task, batch, counter);
  if (!layer) return undefined;
  return {
    where: `${layer.node.scope || layer.node.op} (${layer.node.op}, output [${layer.shape}]) went first`,
    hint: 'its inputs were finite: lower the learning rate, lengthen the warm-up or set common.grad_clip',
  };
}

async function allFinite(engine: Engine, state: State): Promise<boolean> {
  if (state.dtype !== 'f32') return true;
  return (await engine.readState(state)).every(Number.isFinite);
}

/** Runs the forward pass with a check on every tensor: sum(x · 0) is 0 unless x holds infinity or NaN. */
async function firstBadLayer(
  engine: Engine,
  task: Task,
  batch: ImageBatch,
  counter: number,
): Promise<Tensor | undefined> {
  const forward = traceForward(task, inputSpecs({ ...batch, batch: batch.size }, batch.channels));
  const tensors = reachableNodes([forward.result.loss])
    .filter((node) => !node.source)
    .map((node) => node.outputs[0])
    .filter((tensor) => tensor.dtype === 'f32');
  const checked = trace(() => {
    const zero = fill([], 0);
    return Object.fromEntries(tensors.map((tensor, i) => [`${i}`, sum(mul(tensor, zero))]));
  }, forward);
  const program = await engine.compile('find what is not finite', { ...checked, writes: new Map() });
  try {
    const { image, target } = batch;
    const checks = await program.run({ inputs: { image, target }, scalars: usedScalars(program, { counter }) });
    return tensors.find((_, i) => checks[`${i}`][0] !== 0);
  } finally {
    engine.release(program);
  }
}
