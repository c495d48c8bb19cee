import { ConfigError } from '../utils/errors.js';

/** Learning rate before an update. */
export interface Schedule {
  /** `epoch` and `update` count from 0; updates are counted over the whole run. */
  lr(epoch: number, update: number): number;
}

/** CVNets' `scheduler.*` that all shapes share. */
export interface ScheduleOptions {
  /** Updates over which the rate rises linearly [0]. */
  readonly warmup_iterations?: number;
  /** Rate of the first update of the warm-up [1e-7]. */
  readonly warmup_init_lr?: number;
}

/** Shapes that stretch over the whole run: by epochs, or by updates after the warm-up. */
export interface RunScheduleOptions extends ScheduleOptions {
  readonly is_iteration_based?: boolean;
  /** Length of an epoch-based run. */
  readonly max_epochs?: number;
  /** Length of an iteration-based run. */
  readonly max_iterations?: number;
  /** Epoch-based: the epochs of the warm-up do not count; needs `updates_per_epoch`. */
  readonly adjust_period_for_epochs?: boolean;
  readonly updates_per_epoch?: number;
}

/** Not below 0, rounded to 8 decimals, as CVNets hands it to the optimizer. */
function tidy(lr: number): number {
  return Math.round(Math.max(0, lr) * 1e8) / 1e8;
}

/** During the warm-up a line from warmup_init_lr to `peak`, then `after`. */
function withWarmup(
  { warmup_iterations: length = 0, warmup_init_lr: start = 1e-7 }: ScheduleOptions,
  peak: number,
  after: (epoch: number, update: number) => number,
): Schedule {
  return {
    lr: (epoch, update) => tidy(update < length ? start + (update * (peak - start)) / length : after(epoch, update)),
  };
}

function required<O extends object, K extends keyof O & string>(options: O, name: K): NonNullable<O[K]> {
  const value = options[name];
  if (value === undefined || value === null) throw new ConfigError(`the schedule got no ${name}`, `set ${name}`);
  return value;
}

/** How much of the run lies behind an update, 0 to less than 1. */
function elapsed(options: RunScheduleOptions): (epoch: number, update: number) => number {
  const { warmup_iterations: warmup = 0, is_iteration_based, adjust_period_for_epochs } = options;
  if (is_iteration_based) {
    const length = required(options, 'max_iterations') - warmup + 1;
    return (_, update) => (update - warmup) / length;
  }
  const epochs = required(options, 'max_epochs');
  if (!adjust_period_for_epochs || warmup === 0) return (epoch) => epoch / epochs;
  const lastWarmupEpoch = Math.floor((warmup - 1) / required(options, 'updates_per_epoch'));
  return (epoch) => Math.max(0, epoch - lastWarmupEpoch - 1) / (epochs - lastWarmupEpoch);
}

export interface FixedOptions extends ScheduleOptions {
  readonly lr: number;
}

/** One rate. */
export function fixed(options: FixedOptions): Schedule {
  return withWarmup(options, options.lr, () => options.lr);
}

export interface CosineOptions extends RunScheduleOptions {
  /** [0.1] */
  readonly max_lr?: number;
  /** [1e-5] */
  readonly min_lr?: number;
}

/** Half a period of a cosine from max_lr to min_lr (arXiv:1608.03983 without restarts). */
export function cosine(options: CosineOptions): Schedule {
  const { max_lr: max = 0.1, min_lr: min = 1e-5 } = options;
  const part = elapsed(options);
  return withWarmup(options, max, (epoch, update) => {
    return min + 0.5 * (max - min) * (1 + Math.cos(Math.PI * part(epoch, update)));
  });
}

export interface PolynomialOptions extends RunScheduleOptions {
  /** [0.1] */
  readonly start_lr?: number;
  /** [0] */
  readonly end_lr?: number;
  /** [0.9] */
  readonly power?: number;
}

/** end + (start - end) · (1 - elapsed)^power */
export function polynomial(options: PolynomialOptions): Schedule {
  const { start_lr: start = 0.1, end_lr: end = 0, power = 0.9 } = options;
  const part = elapsed(options);
  return withWarmup(options, start, (epoch, update) => end + (start - end) * (1 - part(epoch, update)) ** power);
}

export interface MultiStepOptions extends ScheduleOptions {
  /** [0.1] */
  readonly lr?: number;
  /** Factor at each milestone. */
  readonly gamma: number;
  /** Epochs at which the rate falls. */
  readonly milestones: readonly number[];
}

/** The rate falls by a factor at each milestone. */
export function multiStep(options: MultiStepOptions): Schedule {
  const { lr = 0.1, gamma, milestones } = options;
  const passed = (epoch: number): number => milestones.filter((milestone) => milestone <= epoch).length;
  return withWarmup(options, lr, (epoch) => lr * gamma ** passed(epoch));
}

export interface CyclicOptions extends ScheduleOptions {
  readonly max_epochs: number;
  /** Rate at the ends of a cycle [0.1]; a cycle of n epochs starts its descent at n times this rate. */
  readonly min_lr?: number;
  /** [0.001] */
  readonly last_cycle_end_lr?: number;
  /** Cycles, the last one included [11]. */
  readonly total_cycles?: number;
  /** [5] */
  readonly epochs_per_cycle?: number;
  /** Epochs at which the rates shrink by `gamma` [none]. */
  readonly steps?: readonly number[];
  /** [0.5] */
  readonly gamma?: number;
  /** [linear] */
  readonly last_cycle_type?: 'linear' | 'cosine';
}

/**
 * Cycles of min, max, ..., each a linear descent, and a last one that ends at last_cycle_end_lr
 * (arXiv:1811.11431, section 4.1).
 */
export function cyclic(options: CyclicOptions): Schedule {
  const { min_lr = 0.1, last_cycle_end_lr: end = 0.001, total_cycles = 11, epochs_per_cycle: length = 5 } = options;
  const { max_epochs, steps = [], gamma = 0.5, last_cycle_type = 'linear' } = options;
  const cycled = (total_cycles - 1) * length;
  const rest = max_epochs - cycled;
  return withWarmup(options, min_lr, (epoch) => {
    const min = min_lr * gamma ** steps.filter((step) => step <= epoch).length;
    if (epoch <= cycled) {
      const place = epoch % length;
      return place === 0 ? min : min * length - ((place - 1) * (min * length - min)) / Math.max(1, length - 1);
    }
    const last = epoch - cycled + 1;
    if (last_cycle_type === 'linear') return min - (last * (min - end)) / rest;
    return end + 0.5 * (min - end) * (1 + Math.cos((Math.PI * last) / (rest + 1)));
  });
}

/** Schedules by CVNets' key. */
export const schedules = { fixed, cosine, polynomial, multi_step: multiStep, cyclic } as const;

export type ScheduleName = keyof typeof schedules;
