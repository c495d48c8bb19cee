import { namedParameters } from '../nn/module.js';
import { Ema } from '../optim/ema.js';
import { optimizers } from '../optim/index.js';
import type { Optimizer } from '../optim/optimizer.js';
import { cosine, cyclic, fixed, multiStep, polynomial, type Schedule } from '../optim/schedules.js';
import type { TrainerOptions } from '../train/trainer.js';
import { ConfigError } from '../utils/errors.js';
import type { ClassificationTask } from './build-task.js';
import type { Config, ConfigKey } from './keys/index.js';

export type RunParts = Pick<
  TrainerOptions,
  'rule' | 'schedule' | 'average' | 'accumulation' | 'seed' | 'length' | 'metric' | 'keepBest' | 'saveEvery'
>;

/**
 * Everything of a run but its data: optimizer, schedule, average, length, what is kept.
 * @param batches of the first epoch, from which a schedule knows when the warm-up ends
 */
export function buildRun(config: Config, task: ClassificationTask, batches: number): RunParts {
  const average = config['ema.enable']
    ? new Ema(task.parameters, task.buffers, { momentum: config['ema.momentum'] })
    : undefined;
  return {
    rule: buildOptimizer(config, task),
    schedule: buildSchedule(config, Math.ceil(batches / config['common.accum_freq'])),
    average,
    accumulation: {
      batches: config['common.accum_freq'],
      afterEpoch: config['common.accum_after_epoch'],
      mode: config['train.accumulation'],
    },
    seed: config['common.seed'],
    length: runLength(config),
    metric: { name: config['stats.checkpoint_metric'], larger: config['stats.checkpoint_metric_max'] },
    keepBest: config['common.k_best_checkpoints'],
    saveEvery: config['common.save_interval_freq'],
  };
}

function buildOptimizer(config: Config, { model, parameters }: ClassificationTask): Optimizer {
  const trained = new Set(parameters);
  const trainables = [...namedParameters(model).values()].filter(({ state }) => trained.has(state));
  const shared = {
    weight_decay: config['optim.weight_decay'],
    no_decay_bn_filter_bias: config['optim.no_decay_bn_filter_bias'],
    grad_clip: config['common.grad_clip'] ?? undefined,
  };
  const name = config['optim.name'];
  if (name === 'sgd') {
    const momentum = config['optim.sgd.momentum'];
    return optimizers.sgd(trainables, { ...shared, momentum, nesterov: config['optim.sgd.nesterov'] });
  }
  const [beta1, beta2] = [config[`optim.${name}.beta1`], config[`optim.${name}.beta2`]];
  return optimizers[name](trainables, { ...shared, beta1, beta2, eps: config[`optim.${name}.eps`] ?? undefined });
}

// CVNets' fallbacks when the length of the run is not set.
const DEFAULT_EPOCHS = 300;
const DEFAULT_UPDATES = 300_000;

function runLength(config: Config): TrainerOptions['length'] {
  if (config['scheduler.is_iteration_based']) return { updates: config['scheduler.max_iterations'] ?? DEFAULT_UPDATES };
  return { epochs: config['scheduler.max_epochs'] ?? DEFAULT_EPOCHS };
}

export function buildSchedule(config: Config, updates_per_epoch: number): Schedule {
  const length = runLength(config);
  const max_epochs = 'epochs' in length ? length.epochs : (config['scheduler.max_epochs'] ?? DEFAULT_EPOCHS);
  const shared = {
    warmup_iterations: config['scheduler.warmup_iterations'] ?? 0,
    warmup_init_lr: config['scheduler.warmup_init_lr'],
    is_iteration_based: config['scheduler.is_iteration_based'],
    adjust_period_for_epochs: config['scheduler.adjust_period_for_epochs'],
    max_epochs,
    max_iterations: 'updates' in length ? length.updates : undefined,
    updates_per_epoch,
  };
  const cosineKeys = { max_lr: config['scheduler.cosine.max_lr'], min_lr: config['scheduler.cosine.min_lr'] };
  switch (config['scheduler.name']) {
    case 'cosine':
      return cosine({ ...shared, ...cosineKeys });
    case 'polynomial':
      return polynomial({
        ...shared,
        start_lr: config['scheduler.polynomial.start_lr'],
        end_lr: config['scheduler.polynomial.end_lr'],
        power: config['scheduler.polynomial.power'],
      });
    case 'fixed':
      return fixed({ ...shared, lr: required(config, 'scheduler.fixed.lr') });
    case 'multi_step':
      return multiStep({
        ...shared,
        lr: config['scheduler.multi_step.lr'],
        gamma: required(config, 'scheduler.multi_step.gamma'),
        milestones: required(config, 'scheduler.multi_step.milestones'),
      });
    case 'cyclic':
      return cyclic({
        ...shared,
        min_lr: config['scheduler.cyclic.min_lr'],
        last_cycle_end_lr: config['scheduler.cyclic.last_cycle_end_lr'],
        total_cycles: config['scheduler.cyclic.total_cycles'],
        epochs_per_cycle: config['scheduler.cyclic.epochs_per_cycle'],
        steps: config['scheduler.cyclic.steps'] ?? undefined,
        gamma: config['scheduler.cyclic.gamma'],
        last_cycle_type: config['scheduler.cyclic.last_cycle_type'],
      });
  }
}

function required<K extends ConfigKey>(config: Config, key: K): NonNullable<Config[K]> {
  const value = config[key];
  if (value === null)
    throw new ConfigError(`${key} is not set`, `scheduler.name is ${config['scheduler.name']}: it needs it`);
  return value as NonNullable<Config[K]>;
}
