import { FormatError } from '../utils/errors.js';

/** Sums over the images of an epoch so far; kept exact, so a resumed epoch ends with the same means. */
export interface EpochSums {
  images: number;
  /** Sum over images of the batch's mean loss. */
  loss: number;
  top1: number;
}

export interface KeptCheckpoint {
  readonly file: string;
  readonly epoch: number;
  readonly score: number;
}

/** Where a run is: everything that is not on the device. Plain JSON. */
export interface Progress {
  /** The epoch and the batch in it that come next. */
  epoch: number;
  batch: number;
  /** Optimizer updates so far. */
  updates: number;
  /** Batches trained on so far: what random layers count with. */
  counter: number;
  sums: EpochSums;
  /** Best score of the validation metric so far, of the weights and of their average. */
  best: number | null;
  bestEma: number | null;
  /** The k best checkpoints, best first. */
  kept: KeptCheckpoint[];
}

export const emptySums = (): EpochSums => ({ images: 0, loss: 0, top1: 0 });

export function startOfRun(): Progress {
  return { epoch: 0, batch: 0, updates: 0, counter: 0, sums: emptySums(), best: null, bestEma: null, kept: [] };
}

/** Reads what `JSON.stringify` wrote. Throws FormatError when a field is missing or of the wrong kind. */
export function parseProgress(json: string | undefined, name: string): Progress {
  const fail = (what: string): never => {
    throw new FormatError(`${name}: ${what}`, 'resume needs a training checkpoint, not a file of weights');
  };
  let value: unknown;
  try {
    value = JSON.parse(json ?? '');
  } catch {
    return fail('it holds no training progress');
  }
  const progress = value as Progress;
  for (const key of ['epoch', 'batch', 'updates', 'counter'] as const) {
    if (!Number.isSafeInteger(progress?.[key]) || progress[key] < 0) fail(`${key} is ${progress?.[key]}`);
  }
  for (const key of ['images', 'loss', 'top1'] as const) {
    if (typeof progress.sums?.[key] !== 'number') fail(`sums.${key} is ${progress.sums?.[key]}`);
  }
  for (const key of ['best', 'bestEma'] as const) {
    if (progress[key] !== null && typeof progress[key] !== 'number') fail(`${key} is ${progress[key]}`);
  }
  if (!Array.isArray(progress.kept)) fail('the list of kept checkpoints is missing');
  for (const { file, epoch, score } of progress.kept) {
    if (!/^[\w.-]+$/.test(String(file)) || !Number.isInteger(epoch) || typeof score !== 'number') {
      fail(`a kept checkpoint is ${JSON.stringify({ file, epoch, score })}`);
    }
  }
  return progress;
}
