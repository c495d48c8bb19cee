import type { BatchSource, ImageBatch } from '../data/batch.js';
import type { Engine } from '../scheduler/engine.js';
import { ProgramCache } from '../scheduler/program-cache.js';
import type { TypedArray } from '../tensor/dtype.js';
import { inputSpecs, traceEvaluation, usedScalars } from './programs.js';
import type { SampleStatistics } from './samples.js';
import type { AverageRule, Task } from './task.js';

/** Mean loss over images, and percent. */
export interface Metrics {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
  readonly images: number;
}

/** A batch that the device works on while the next one is read. */
interface Pending {
  readonly batch: ImageBatch;
  readonly result: Promise<Record<string, TypedArray>>;
}

/** Measures a task on a dataset, with its weights or with their average. */
export class Evaluator {
  readonly #programs: ProgramCache;

  constructor(
    engine: Engine,
    task: Task,
    readonly loader: BatchSource,
    average?: AverageRule,
  ) {
    this.#programs = new ProgramCache(engine, {
      mode: average ? 'evaluate average' : 'evaluate',
      trace: (inputs) => traceEvaluation(task, average, inputs),
    });
  }

  /** Makes the plans for all batch shapes. */
  async prepare(): Promise<void> {
    const { sampler, dataset } = this.loader;
    await this.#programs.prepare(sampler.shapes.map((shape) => inputSpecs(shape, dataset.channels)));
  }

  /**
   * @param progress receives the batches that are done, and all of them.
   * @param samples is told about every image, when given.
   */
  async run(progress?: (batch: number, batches: number) => void, samples?: SampleStatistics): Promise<Metrics> {
    const { loader } = this;
    const batches = loader.sampler.batches(0);
    let images = 0;
    let loss = 0;
    let top1 = 0;
    let top5 = 0;
    let done = 0;
    const collect = async ({ batch, result }: Pending) => {
      const { loss: mean, correct, logits } = await result;
      const { size } = batch;
      samples?.add(batch, logits);
      batch.release?.();
      images += size;
      loss += mean[0] * size;
      top1 += correct[0];
      top5 += correct[1];
      progress?.(++done, batches);
    };
    let pending: Pending | undefined;
    for await (const batch of loader.epoch(0)) {
      const program = await this.#programs.get(inputSpecs({ ...batch, batch: batch.size }, batch.channels));
      const { image, target } = batch;
      const result = program.run({ inputs: { image, target }, scalars: usedScalars(program, { counter: 0 }) });
      // It may fail before anyone waits for it; whoever does still gets the error.
      result.catch(() => {});
      if (pending) await collect(pending);
      pending = { batch, result };
    }
    if (pending) await collect(pending);
    return { loss: loss / images, top1: (100 * top1) / images, top5: (100 * top5) / images, images };
  }
}
