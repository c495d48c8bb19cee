import { memoryFiles } from '../../src/platform/memory-files.js';
import type { Engine } from '../../src/scheduler/engine.js';
import type { TrainEvent } from '../../src/train/events.js';
import { RunFolder } from '../../src/train/run-folder.js';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.js';
import { averageRule, loaderOf, quadrants, sgdRule, tinyTask } from './tiny-task.js';

export const trainImages = quadrants(200, 1);
export const valImages = quadrants(70, 2);

export interface Setup extends Partial<TrainerOptions> {
  readonly files?: ReturnType<typeof memoryFiles>;
  readonly ema?: boolean;
  readonly task?: ReturnType<typeof tinyTask>;
}

/** A fresh task and trainer, as a new process would have them: 3 epochs of 7 updates unless told otherwise. */
export async function newTrainer(
  engine: Engine,
  { files = memoryFiles(), ema = true, task = tinyTask(), ...options }: Setup = {},
) {
  const folder = options.folder ?? (await RunFolder.create(files, 'runs', 'tiny'));
  if (!options.folder) await folder.writeConfig('# none\n');
  const events: TrainEvent[] = [];
  const trainer = new Trainer({
    engine,
    task,
    rule: sgdRule(task),
    average: ema ? averageRule(task) : undefined,
    schedule: { lr: (epoch) => 0.05 / (epoch + 1) },
    loader: loaderOf(trainImages, 32, true),
    val: loaderOf(valImages, 32, false),
    accumulation: { batches: 1, afterEpoch: 0, mode: 'mean' },
    folder,
    seed: 0,
    length: { epochs: 3 },
    metric: { name: 'top1', larger: true },
    keepBest: 2,
    saveEvery: 0,
    now: () => performance.now(),
    emit: (event) => events.push(event),
    ...options,
  });
  return { trainer, folder, files, events };
}

/** The bytes of the last training checkpoint. */
export const lastCheckpoint = ({ files, folder }: { files: ReturnType<typeof memoryFiles>; folder: RunFolder }) =>
  files.read(`${folder.checkpointsPath}/training_checkpoint_last.safetensors`);
