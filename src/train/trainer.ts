import { firstBatch, type ImageBatch, timed } from '../data/batch.js';
import type { TypedArray } from '../tensor/dtype.js';
import { size } from '../tensor/shape.js';
import type { State } from '../tensor/state.js';
import { CvnetsError, TrainingError } from '../utils/errors.js';
import { byName, Checkpoints, type RunIdentity } from './checkpoints.js';
import { diagnose } from './diagnose.js';
import type { Evaluator, Metrics } from './evaluator.js';
import type { RunSummary, TrainListener } from './events.js';
import { type KeepOptions, keepCheckpoints } from './keep.js';
import type { EpochLogger } from './loggers.js';
import { writeSamples, writeTrainBatch } from './pictures.js';
import { emptySums, type Progress, startOfRun } from './progress.js';
import { writeReport } from './report.js';
import { ResultsFile } from './results.js';
import type { RunFolder } from './run-folder.js';
import { RunPrograms } from './run-programs.js';
import { SampleStatistics } from './samples.js';
import { groupPosition, type StepResult, type StepsOptions } from './steps.js';

export interface TrainerOptions extends StepsOptions, KeepOptions {
  readonly val: StepsOptions['loader'];
  readonly folder: RunFolder;
  /** Those of the same options, when they were prepared before; otherwise the run makes them. */
  readonly programs?: RunPrograms;
  readonly seed: number;
  /** The run ends after so many epochs, or after so many updates. */
  readonly length: { readonly epochs: number } | { readonly updates: number };
  /** Updates between two saves inside an epoch; 0 for none. */
  readonly saveEvery: number;
  readonly now: () => number;
  readonly emit: TrainListener;
  /** Write the results of every epoch elsewhere, too. */
  readonly loggers?: readonly EpochLogger[];
  /** Finishes the update that is under way, saves, and returns. */
  readonly signal?: AbortSignal;
  /** Goes on from the folder's last training checkpoint. */
  readonly resume?: boolean;
}

/** Steps that may be under way before the results of the first are waited for. */
const DEPTH = 2;
/** Updates between two copies of the states in memory, from which a broken loss is traced back. */
const SNAPSHOT_UPDATES = 200;

interface Snapshot {
  readonly progress: Progress;
  readonly values: ReadonlyMap<State, TypedArray>;
}

interface Pending {
  readonly batch: ImageBatch;
  readonly lr: number;
  readonly at: Progress;
  readonly result: Promise<StepResult>;
}

/** Of one epoch; times are milliseconds. `decode`: what reading had taken before it. */
const startOfPace = (since: number, decode = 0) => ({ since, decode, images: 0, dataWait: 0, deviceWait: 0 });

/** Trains a task and leaves a run folder behind. One trainer is one run. */
export class Trainer {
  readonly #options: TrainerOptions;
  readonly #programs: RunPrograms;
  readonly #checkpoints: Checkpoints;
  #progress: Progress = startOfRun();
  #states: readonly State[] = [];
  #snapshot?: Snapshot;
  #pace = startOfPace(0);

  constructor(options: TrainerOptions) {
    const { folder, keepBest } = options;
    this.#options = options;
    this.#programs = options.programs ?? new RunPrograms(options);
    this.#checkpoints = new Checkpoints(folder.files, folder.checkpointsPath, keepBest);
  }

  /**
   * Runs to the end, or to the signal. @returns undefined when it was interrupted.
   * Throws TrainingError when the loss is no longer finite, and names the layer that went first.
   */
  async run(): Promise<RunSummary | undefined> {
    const { engine, task, loader, val: valSource, emit, folder, now, resume, signal } = this.#options;
    const { classes } = valSource.dataset;
    const begin = now();
    await this.#prepare();
    if (resume) this.#progress = await this.#checkpoints.loadLast(engine, byName(this.#states), this.#identity());
    // A run that is killed in its first epoch can be resumed too.
    else await this.#saveLast();
    const results = await ResultsFile.open(folder.files, folder.resultsPath, this.#progress.epoch);
    this.#emitStart();
    if (resume && this.#finished()) this.#emitFinished();

    let last = results.rows.at(-1);
    while (!this.#finished()) {
      const started = now();
      this.#pace = startOfPace(started, loader.decodeMilliseconds);
      if (signal?.aborted || !(await this.#trainEpoch())) {
        await this.#saveLast();
        emit({ event: 'interrupted', run: folder.path, resume: folder.resumeCommand });
        return undefined;
      }
      const images_per_second = this.#imagesPerSecond();
      const { dataWait, deviceWait } = this.#pace;
      const decode = (loader.decodeMilliseconds ?? 0) - this.#pace.decode;
      const { epoch, updates, sums } = this.#progress;
      const samples = new SampleStatistics(task.classes);
      const val = await this.#validate(this.#programs.evaluator, samples);
      const ema = this.#programs.emaEvaluator && (await this.#validate(this.#programs.emaEvaluator));
      const best = await keepCheckpoints(this.#options, this.#checkpoints, this.#progress, val, ema);
      if (best) await writeSamples(folder, samples, classes);
      last = {
        epoch,
        updates,
        lr: this.#lr(),
        train_loss: sums.loss / sums.images,
        train_top1: (100 * sums.top1) / sums.images,
        val_loss: val.loss,
        val_top1: val.top1,
        val_top5: val.top5,
        images_per_second,
        seconds: (now() - started) / 1000,
        data_wait_seconds: dataWait / 1000,
        device_wait_seconds: deviceWait / 1000,
        decode_seconds: decode / 1000,
      };
      await results.add(last);
      await folder.writeCurves(results.rows);
      await folder.writeSkipped(this.#skipped());
      Object.assign(this.#progress, { epoch: epoch + 1, batch: 0, sums: emptySums() });
      await this.#saveLast();
      const result = { ...last, ...(ema ? { ema_top1: ema.top1 } : {}) };
      for (const logger of this.#options.loggers ?? []) await logger.epoch(result);
      emit({ event: 'epoch', best, skipped: this.#skipped().length, ...result });
    }
    if (!last) throw new CvnetsError('the run ends before its first epoch', 'raise the number of epochs or updates');
    const { val_loss, val_top1, val_top5 } = last;
    const { epoch, updates, best } = this.#progress;
    await writeReport(folder);
    const seconds = (now() - begin) / 1000;
    const summary = { epochs: epoch, updates, val_loss, val_top1, val_top5, best: best ?? Number.NaN, seconds };
    emit({ event: 'end', run: folder.path, ...summary });
    return summary;
  }

  async #prepare(): Promise<void> {
    await this.#programs.prepare();
    this.#states = await this.#programs.steps.states();
  }

  #emitStart(): void {
    const { emit, engine, folder, task, loader, val, length, resume } = this.#options;
    const { epoch, batch } = this.#progress;
    emit({
      event: 'start',
      run: folder.path,
      device: engine.device.description,
      parameters: task.parameters.reduce((n, { shape }) => n + size(shape), 0),
      train_images: loader.dataset.length,
      val_images: val.dataset.length,
      reading: loader.description ?? null,
      epochs: 'epochs' in length ? length.epochs : null,
      updates: 'updates' in length ? length.updates : null,
      peak_bytes: engine.memory.bytes,
      resumed_at: resume ? { epoch, batch } : null,
    });
  }

  #emitFinished(): void {
    const { emit, folder, length } = this.#options;
    const [unit, of] =
      'epochs' in length ? (['epochs', length.epochs] as const) : (['updates', length.updates] as const);
    emit({
      event: 'finished',
      run: folder.path,
      done: this.#progress[unit === 'epochs' ? 'epoch' : 'updates'],
      of,
      unit,
    });
  }

  /** By path: which file is found first depends on the threads. */
  #skipped(): [string, string][] {
    const { loader, val } = this.#options;
    return [...(loader.skipped ?? []), ...(val.skipped ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #identity(): RunIdentity {
    const { engine, seed } = this.#options;
    return { device: engine.device.kind, numerics: engine.device.numerics, seed };
  }

  #finished(): boolean {
    const { length } = this.#options;
    const { epoch, updates } = this.#progress;
    return 'epochs' in length ? epoch >= length.epochs : updates >= length.updates;
  }

  #lr(): number {
    return this.#options.schedule.lr(this.#progress.epoch, this.#progress.updates);
  }

  /** Trains from where the progress stands to the end of the epoch. False when the signal came first. */
  async #trainEpoch(): Promise<boolean> {
    const { loader, signal, saveEvery, length, folder, now } = this.#options;
    const pending: Pending[] = [];
    const settle = async (limit: number) => {
      const asked = now();
      while (pending.length > limit) await this.#collect(pending.shift()!);
      this.#pace.deviceWait += now() - asked;
    };
    const maxUpdates = 'updates' in length ? length.updates : Number.POSITIVE_INFINITY;
    const batches = timed(loader.epoch(this.#progress.epoch, this.#progress.batch), now, (wait) => {
      this.#pace.dataWait += wait;
    });
    for await (const batch of batches) {
      const snapshotDue = this.#progress.updates - (this.#snapshot?.progress.updates ?? -SNAPSHOT_UPDATES);
      if (snapshotDue >= SNAPSHOT_UPDATES) {
        await settle(0);
        await this.#takeSnapshot();
      }
      if (this.#progress.counter === 0) await writeTrainBatch(folder, batch, loader.dataset.classes);
      const before = { ...this.#progress };
      const { lr, result, last } = await this.#startStep(batch);
      pending.push({ batch, lr, at: before, result });
      await settle(DEPTH - 1);
      if (!last) continue;
      if (this.#progress.updates >= maxUpdates) break;
      if (signal?.aborted) {
        await settle(0);
        return false;
      }
      if (saveEvery > 0 && this.#progress.updates % saveEvery === 0) {
        await settle(0);
        await this.#saveLast();
      }
    }
    await settle(0);
    return true;
  }

  /** Starts the step that the progress points at, and moves the progress behind it. */
  async #startStep(batch: ImageBatch) {
    const progress = this.#progress;
    const batches = this.#options.loader.sampler.batches(progress.epoch);
    const group = groupPosition(progress.batch, batches, this.#programs.steps.batchesPerUpdate(progress.epoch));
    const lr = this.#lr();
    const { result } = await this.#programs.steps.start(batch, group, {
      lr,
      update: progress.updates,
      counter: progress.counter,
    });
    progress.batch++;
    progress.counter++;
    if (group.last) progress.updates++;
    return { lr, result, last: group.last };
  }

  async #collect({ batch, lr, at, result }: Pending): Promise<void> {
    const { emit, loader, now } = this.#options;
    const { loss, top1 } = await result;
    batch.release?.();
    if (!Number.isFinite(loss)) throw await this.#explain(at, loss);
    const { sums } = this.#progress;
    sums.images += batch.size;
    sums.loss += loss * batch.size;
    sums.top1 += top1;
    this.#pace.images += batch.size;
    const batches = loader.sampler.batches(at.epoch);
    const seconds_left =
      (this.#batchesLeft(at, batches) * (now() - this.#pace.since) * batch.size) / this.#pace.images / 1000;
    emit({
      event: 'step',
      epoch: at.epoch,
      batch: at.batch + 1,
      batches,
      updates: at.updates,
      loss,
      lr,
      images_per_second: this.#imagesPerSecond(),
      seconds_left,
    });
  }

  #imagesPerSecond(): number {
    const { since, images } = this.#pace;
    return (1000 * images) / Math.max(1, this.#options.now() - since);
  }

  #batchesLeft({ epoch, batch, updates }: Progress, batches: number): number {
    const { length } = this.#options;
    if ('epochs' in length) return (length.epochs - epoch) * batches - batch - 1;
    return (length.updates - updates) * this.#programs.steps.batchesPerUpdate(epoch);
  }

  #validate(evaluator: Evaluator, samples?: SampleStatistics): Promise<Metrics> {
    const ema = evaluator === this.#programs.emaEvaluator;
    const progress = (batch: number, batches: number) =>
      this.#options.emit({ event: 'validation', batch, batches, ema });
    return evaluator.run(progress, samples);
  }

  async #saveLast(): Promise<void> {
    const { engine } = this.#options;
    await this.#checkpoints.saveLast(engine, byName(this.#states), this.#progress, this.#identity());
  }

  async #takeSnapshot(): Promise<void> {
    const values = new Map<State, TypedArray>();
    for (const state of this.#states) values.set(state, await this.#options.engine.readState(state));
    this.#snapshot = { progress: structuredClone(this.#progress), values };
  }

  /** Goes back to the last snapshot, repeats the steps up to the broken one, and looks where it broke. */
  async #explain(broken: Progress, loss: number): Promise<TrainingError> {
    const { engine, task, loader } = this.#options;
    const place = `the loss is ${loss} in epoch ${broken.epoch}, batch ${broken.batch}, after ${broken.updates} updates`;
    const hint = 'lower the learning rate, lengthen the warm-up or set common.grad_clip';
    if (!this.#snapshot) return new TrainingError(place, hint);
    for (const [state, values] of this.#snapshot.values) await engine.writeState(state, values);
    this.#progress = structuredClone(this.#snapshot.progress);
    while (this.#progress.counter < broken.counter) {
      const { epoch, batch } = this.#progress;
      for await (const next of loader.epoch(epoch, batch)) {
        if (this.#progress.counter === broken.counter) break;
        await (await this.#startStep(next)).result;
        next.release?.();
      }
      if (this.#progress.counter < broken.counter) Object.assign(this.#progress, { epoch: epoch + 1, batch: 0 });
    }
    const batch = await firstBatch(loader, broken.epoch, broken.batch);
    const found = await diagnose(engine, task, batch, broken.counter);
    return found ? new TrainingError(`${place}: ${found.where}`, found.hint) : new TrainingError(place, hint);
  }
}
