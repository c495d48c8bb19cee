import * as z from 'zod';
import { BYTES_PATTERN, parseBytes } from '../../utils/bytes.js';

/** Keys about the run itself: what CVNets calls `common`, `stats` and `ema`, `ddp`, and ours: `device`, `memory`, `train`. */
export const runKeys = {
  'common.seed': z.int().min(0).default(0).describe('Seed of initial weights and dropout'),
  'common.results_loc': z.string().default('runs').describe('Folder that gets a new folder for every run'),
  'common.run_label': z.string().default('run').describe('First part of the name of the run folder'),
  'common.accum_freq': z.int().min(1).default(1).describe('Batches whose gradients make one update'),
  'common.accum_after_epoch': z.int().min(0).default(0).describe('Epoch from which gradients are accumulated'),
  'common.grad_clip': z.number().positive().nullable().default(null).describe('Largest global norm of the gradients'),
  'common.log_freq': z.int().min(1).default(100).describe('Batches between two progress events'),
  'common.k_best_checkpoints': z.int().min(0).default(5).describe('How many of the best checkpoints are kept'),
  'common.save_interval_freq': z.int().min(0).default(0).describe('Updates between two checkpoints inside an epoch'),
  'common.tensorboard_logging': z
    .boolean()
    .default(false)
    .describe('Writes events.out.tfevents files that TensorBoard reads'),

  'stats.checkpoint_metric': z
    .enum(['loss', 'top1', 'top5'])
    .default('loss')
    .describe('Validation metric that decides which checkpoint is best'),
  'stats.checkpoint_metric_max': z.boolean().default(false).describe('Larger is better for that metric'),

  'ema.enable': z.boolean().default(false).describe('Keeps and evaluates an average of the weights'),
  'ema.momentum': z
    .number()
    .gt(0)
    .lte(1)
    .default(0.0001)
    .describe('Share of the new weights in each step of the average'),

  'train.accumulation': z
    .enum(['mean', 'sum'])
    .default('mean')
    .describe('Accumulated gradients are averaged, or summed as in CVNets'),

  'ddp.rank': z.int().min(0).default(0).describe('Which share of the training images this process takes, from 0'),
  'ddp.world_size': z
    .int()
    .min(-1)
    .refine((count) => count !== 0, 'use a whole number from 1, or -1 for one process')
    .default(-1)
    // One process is what -1 means where each has one device.
    .transform((count) => (count === 1 ? -1 : count))
    .describe('Processes that share the training images; each trains a network of its own'),
  'ddp.ranks_per_node': z
    .int()
    .min(1)
    .default(1)
    .describe('Processes on a machine, which share a part of the images with sampler.use_shards'),

  'device.name': z.enum(['auto', 'webgpu', 'wasm']).default('auto').describe('auto: a hardware adapter, else wasm'),
  'device.threads': z.int().min(0).default(0).describe('Threads of the wasm device; 0: all cores'),

  'memory.budget': z
    .union([
      z.int().positive(),
      z
        .string()
        .regex(BYTES_PATTERN)
        .transform((text) => parseBytes(text)!),
    ])
    .nullable()
    .default(null)
    .describe('Most bytes a step may need, such as 512MB: activations are computed twice where it takes that'),
};
