import type { BatchShape } from '../data/samplers/sampler.js';
import { gradients } from '../graph/autodiff.js';
import type { ProgramTrace } from '../graph/lower.js';
import { fuseBatchNormActivation } from '../graph/passes/fuse.js';
import { fuseSumActivation } from '../graph/passes/fuse-sum.js';
import { rewriteTrace } from '../graph/rewrite.js';
import { accumulate } from '../ops/accumulate.js';
import { fill } from '../ops/fill.js';
import { topKCorrect } from '../ops/top-k-correct.js';
import { trace } from '../scheduler/engine.js';
import type { Program } from '../scheduler/program.js';
import type { InputSpecs } from '../scheduler/program-cache.js';
import { readState, State, writeState } from '../tensor/state.js';
import { input, scalar, type Tensor } from '../tensor/tensor.js';
import type { AverageRule, Task, UpdateRule } from './task.js';

/** Which part of an accumulated update a step is; a step of its own is both first and last. */
export interface StepKind {
  /** Starts new sums of gradients. */
  readonly first: boolean;
  /** Ends with an update of the parameters. */
  readonly last: boolean;
}

export function inputSpecs({ batch, height, width }: BatchShape, channels: number): InputSpecs {
  return {
    image: { shape: [batch, channels, height, width], dtype: 'u8' },
    target: { shape: [batch], dtype: 'i32' },
  };
}

/** Records loss and top-k counts of a batch; batch norms take over the activations that follow them. */
function traceForwardPass(
  task: Task,
  inputs: InputSpecs,
  training: boolean,
  k: readonly number[],
  previous?: ProgramTrace,
): ProgramTrace {
  const recorded = trace(() => {
    const image = input('image', inputs.image.shape, inputs.image.dtype);
    const target = input('target', inputs.target.shape, inputs.target.dtype);
    const context = { training, counter: scalar('counter', 'u32') };
    const logits = task.logits(image, context);
    const measured = { loss: task.loss(logits, target, context), correct: topKCorrect(logits, target, { k: [...k] }) };
    return training ? measured : { ...measured, logits };
  }, previous);
  return rewriteTrace(rewriteTrace(recorded, fuseBatchNormActivation), fuseSumActivation);
}

/** Forward pass, gradients and, in the last step of a group, the update. Outputs: `loss` [] and `correct` [1]. */
export function traceStep(
  task: Task,
  rule: UpdateRule,
  average: AverageRule | undefined,
  { first, last }: StepKind,
  sums: readonly State[],
  inputs: InputSpecs,
): ProgramTrace {
  const forward = traceForwardPass(task, inputs, true, [1]);
  return trace(() => {
    let grads: readonly Tensor[] = gradients(forward.result.loss, task.parameters.map(readState));
    if (!(first && last)) {
      const start = sums.map((sum) => (first ? fill(sum.shape, 0) : readState(sum)));
      grads = accumulate(start, grads, scalar('accumulation_factor'));
      sums.forEach((sum, i) => {
        writeState(sum, grads[i]);
      });
    }
    if (last) {
      rule.update(grads);
      average?.update();
    }
    return forward.result;
  }, forward);
}

/** One sum for each parameter: what gradients of several batches are added up in. */
export function gradientSums(task: Task): State[] {
  return task.parameters.map(
    ({ name, shape }) =>
      new State(`${name}.gradient_sum`, shape, 'optimizer', () => new Float32Array(shape.reduce((n, d) => n * d, 1))),
  );
}

/**
 * Loss without the extras of training, how many of the batch are among the top 1 and top 5, and what the network says:
 * outputs `loss` [], `correct` [2] and `logits` [N, classes]. With `average`, its values stand in for the weights; the
 * weights themselves are not touched.
 */
export function traceEvaluation(task: Task, average: AverageRule | undefined, inputs: InputSpecs): ProgramTrace {
  const k = [1, Math.min(5, task.classes)];
  const averages = trace(() => {
    for (const [state, averaged] of average?.averages ?? []) writeState(state, readState(averaged));
    return {};
  });
  return { ...traceForwardPass(task, inputs, false, k, averages), writes: new Map() };
}

/** The forward pass of a training step alone; nothing is written. */
export function traceForward(task: Task, inputs: InputSpecs): ProgramTrace {
  return { ...traceForwardPass(task, inputs, true, [1]), writes: new Map() };
}

/** A program has only the scalars that its trace reads. */
export function usedScalars(program: Program, scalars: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(scalars).filter(([name]) => program.plan.scalars.has(name)));
}
