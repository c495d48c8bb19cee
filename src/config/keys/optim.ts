import * as z from 'zod';

const beta = (value: number) => z.number().min(0).lt(1).default(value).describe('Decay of the moment estimate');
const rate = () => z.number().min(0);

/** Keys about updates: `optim` and `scheduler`. */
export const optimKeys = {
  'optim.name': z.enum(['sgd', 'adam', 'adamw']).default('sgd').describe('Which optimizer'),
  'optim.weight_decay': rate().default(4e-5).describe('Weight decay'),
  'optim.no_decay_bn_filter_bias': z.boolean().default(false).describe('No weight decay for biases and norms'),
  'optim.sgd.momentum': z.number().min(0).lt(1).default(0.9).describe('Momentum'),
  'optim.sgd.nesterov': z.boolean().default(false).describe("Nesterov's momentum"),
  'optim.adam.beta1': beta(0.9),
  'optim.adam.beta2': beta(0.98),
  'optim.adam.eps': z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Added to the root of the second moment; default 1e-8'),
  'optim.adamw.beta1': beta(0.9),
  'optim.adamw.beta2': beta(0.98),
  'optim.adamw.eps': z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Added to the root of the second moment; default 1e-8'),

  'scheduler.name': z
    .enum(['cosine', 'polynomial', 'fixed', 'multi_step', 'cyclic'])
    .default('cosine')
    .describe('Shape of the learning rate'),
  'scheduler.is_iteration_based': z
    .boolean()
    .default(false)
    .describe('The run ends, and the schedule moves, by updates instead of epochs'),
  'scheduler.max_epochs': z.int().min(1).nullable().default(null).describe('Epochs of the run'),
  'scheduler.max_iterations': z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Updates of the run when it is iteration based'),
  'scheduler.warmup_iterations': z.int().min(0).nullable().default(null).describe('Updates over which the rate rises'),
  'scheduler.warmup_init_lr': rate().default(1e-7).describe('Rate of the first update of a warm-up'),
  'scheduler.adjust_period_for_epochs': z
    .boolean()
    .default(false)
    .describe('The epochs of the warm-up do not count for the schedule'),
  'scheduler.cosine.max_lr': rate().default(0.1).describe('Largest rate'),
  'scheduler.cosine.min_lr': rate().default(1e-5).describe('Rate at the end'),
  'scheduler.polynomial.start_lr': rate().default(0.1).describe('Largest rate'),
  'scheduler.polynomial.end_lr': rate().default(0).describe('Rate at the end'),
  'scheduler.polynomial.power': z.number().positive().default(0.9).describe('Exponent of the decay'),
  'scheduler.fixed.lr': rate().nullable().default(null).describe('The rate'),
  'scheduler.multi_step.lr': rate().default(0.1).describe('Rate before the first milestone'),
  'scheduler.multi_step.gamma': z.number().positive().nullable().default(null).describe('Factor at each milestone'),
  'scheduler.multi_step.milestones': z
    .array(z.int().min(0))
    .nullable()
    .default(null)
    .describe('Epochs at which the rate falls'),
  'scheduler.cyclic.min_lr': rate().default(0.1).describe('Rate at the ends of a cycle'),
  'scheduler.cyclic.last_cycle_end_lr': rate().default(0.001).describe('Rate at the end of the last cycle'),
  'scheduler.cyclic.total_cycles': z.int().min(1).default(11).describe('Cycles with the last one'),
  'scheduler.cyclic.epochs_per_cycle': z.int().min(1).default(5).describe('Length of a cycle'),
  'scheduler.cyclic.steps': z
    .array(z.int().min(0))
    .nullable()
    .default(null)
    .describe('Epochs at which the rates shrink'),
  'scheduler.cyclic.gamma': z.number().positive().default(0.5).describe('Factor by which they shrink'),
  'scheduler.cyclic.last_cycle_type': z
    .enum(['linear', 'cosine'])
    .default('linear')
    .describe('Shape of the last cycle'),
};
