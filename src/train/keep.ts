import type { Engine } from '../scheduler/engine.js';
import { byName, type Checkpoints, type NamedStates } from './checkpoints.js';
import type { Metrics } from './evaluator.js';
import type { Progress } from './progress.js';
import type { AverageRule, Task } from './task.js';

export interface KeepOptions {
  readonly engine: Engine;
  readonly task: Task;
  readonly average?: AverageRule;
  readonly metric: { readonly name: 'loss' | 'top1' | 'top5'; readonly larger: boolean };
  /** Names of the classes come from here; they go into the checkpoints. */
  readonly val: { readonly dataset: { readonly classes: readonly string[] } };
  /** More metadata of their files. */
  readonly facts?: Readonly<Record<string, string>>;
  /** How many of the best checkpoints stay. */
  readonly keepBest: number;
}

/**
 * Saves the weights when they are the best yet or among the k best, and the average when it is the best one yet;
 * writes that into `progress`. @returns whether the weights are the best yet
 */
export async function keepCheckpoints(
  options: KeepOptions,
  checkpoints: Checkpoints,
  progress: Progress,
  val: Metrics,
  ema?: Metrics,
): Promise<boolean> {
  const { engine, task, metric, average, keepBest, val: source } = options;
  const weights = byName([...task.parameters, ...task.buffers]);
  const score = val[metric.name];
  const facts = (value: number) => ({
    ...options.facts,
    epoch: `${progress.epoch}`,
    metric: metric.name,
    score: `${value}`,
    classes: JSON.stringify(source.dataset.classes),
  });
  // As in CVNets, an equal score is a new best.
  const beats = (value: number, best: number | null) => {
    if (Number.isNaN(value)) return false;
    return best === null || (metric.larger ? value >= best : value <= best);
  };

  const isBest = beats(score, progress.best);
  if (isBest) {
    progress.best = score;
    await checkpoints.saveBest(engine, weights, facts(score));
  }
  if (keepBest > 0 && !Number.isNaN(score)) {
    const file = `checkpoint_epoch_${progress.epoch}_${metric.name}_${score.toFixed(4)}.safetensors`;
    const candidate = { file, epoch: progress.epoch, score };
    const choice = { kept: progress.kept, candidate, larger: metric.larger };
    progress.kept = await checkpoints.keepBest(engine, weights, choice);
  }
  if (average && ema && beats(ema[metric.name], progress.bestEma)) {
    progress.bestEma = ema[metric.name];
    const averages: NamedStates = new Map([...average.averages].map(([state, averaged]) => [state.name, averaged]));
    await checkpoints.saveBest(engine, averages, facts(progress.bestEma), true);
  }
  return isBest;
}
