import { Adam, type AdamOptions, AdamW } from './adam.js';
import type { Optimizer, Trainable } from './optimizer.js';
import { Sgd, type SgdOptions } from './sgd.js';

/** Optimizers by CVNets' key. */
export const optimizers = {
  sgd: (parameters: readonly Trainable[], options?: SgdOptions) => new Sgd(parameters, options),
  adam: (parameters: readonly Trainable[], options?: AdamOptions) => new Adam(parameters, options),
  adamw: (parameters: readonly Trainable[], options?: AdamOptions) => new AdamW(parameters, options),
} as const satisfies Record<string, (parameters: readonly Trainable[]) => Optimizer>;

export type OptimizerName = keyof typeof optimizers;
