import type { BatchSource, ImageBatch } from '../data/batch.js';
import type { Engine } from '../scheduler/engine.js';
import { ProgramCache } from '../scheduler/program-cache.js';
import type { State } from '../tensor/state.js';
import { stepKinds } from './plans.js';
import { gradientSums, inputSpecs, type StepKind, traceStep, usedScalars } from './programs.js';
import type { AverageRule, Schedule, Task, UpdateRule } from './task.js';

export interface AccumulationOptions {
  /** Batches whose gradients make one update. */
  readonly batches: number;
  /** Epoch from which that holds; one batch an update before. */
  readonly afterEpoch: number;
  /** CVNets sums; the mean keeps the size of an update. */
  readonly mode: 'mean' | 'sum';
}

/** Where in its group of accumulated batches a batch is. The last group of an epoch may be smaller. */
export interface GroupPosition extends StepKind {
  readonly size: number;
}

export function groupPosition(batch: number, batches: number, perUpdate: number): GroupPosition {
  const start = batch - (batch % perUpdate);
  const size = Math.min(perUpdate, batches - start);
  return { first: batch === start, last: batch === start + size - 1, size };
}

export interface StepResult {
  readonly loss: number;
  readonly top1: number;
}

export interface StepsOptions {
  readonly engine: Engine;
  readonly task: Task;
  readonly rule: UpdateRule;
  readonly schedule: Schedule;
  readonly average?: AverageRule;
  readonly loader: BatchSource;
  readonly accumulation: AccumulationOptions;
}

/** The programs of training and what each is fed. */
export class Steps {
  readonly #caches = new Map<string, ProgramCache>();
  readonly #sums: readonly State[];

  constructor(readonly options: StepsOptions) {
    this.#sums = options.accumulation.batches > 1 ? gradientSums(options.task) : [];
  }

  /** Makes all plans, so that training compiles nothing. */
  async prepare(): Promise<void> {
    const { loader, accumulation } = this.options;
    const shapes = loader.sampler.shapes.map((shape) => inputSpecs(shape, loader.dataset.channels));
    for (const kind of stepKinds(accumulation.batches)) await this.#cache(kind).prepare(shapes);
  }

  /** Everything that training reads or writes and that outlives an update. */
  async states(): Promise<State[]> {
    const { loader } = this.options;
    const [shape] = loader.sampler.shapes;
    const program = await this.#cache({ first: true, last: true }).get(inputSpecs(shape, loader.dataset.channels));
    return [...program.plan.states.keys()].filter((state) => !this.#sums.includes(state));
  }

  batchesPerUpdate(epoch: number): number {
    const { batches, afterEpoch } = this.options.accumulation;
    return epoch >= afterEpoch ? batches : 1;
  }

  /**
   * Starts one step. `result` resolves when its numbers are back; the next step may be started before.
   * @param counter how many batches were trained on before this one, in all
   */
  async start(
    batch: ImageBatch,
    group: GroupPosition,
    { lr, update, counter }: { lr: number; update: number; counter: number },
  ): Promise<{ readonly result: Promise<StepResult> }> {
    const { rule, accumulation } = this.options;
    const program = await this.#cache(group).get(inputSpecs({ ...batch, batch: batch.size }, batch.channels));
    const scalars = usedScalars(program, {
      counter: counter % 2 ** 32,
      accumulation_factor: accumulation.mode === 'mean' ? 1 / group.size : 1,
      ...rule.scalars(lr, update),
    });
    const { image, target } = batch;
    const result = program
      .run({ inputs: { image, target }, scalars })
      .then(({ loss, correct }) => ({ loss: loss[0], top1: correct[0] }));
    // It may fail before anyone waits for it; whoever does still gets the error.
    result.catch(() => {});
    return { result };
  }

  #cache({ first, last }: StepKind): ProgramCache {
    const mode = first && last ? 'train' : `train ${first ? 'first' : last ? 'last' : 'middle'} of group`;
    let cache = this.#caches.get(mode);
    if (!cache) {
      const { engine, task, rule, average } = this.options;
      cache = new ProgramCache(engine, {
        mode,
        trace: (inputs) => traceStep(task, rule, average, { first, last }, this.#sums, inputs),
      });
      this.#caches.set(mode, cache);
    }
    return cache;
  }
}
