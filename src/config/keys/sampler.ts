import * as z from 'zod';

const pixels = (size: number, what: string) => z.int().min(1).default(size).describe(what);

/** Keys about how images, sizes and batches are chosen. */
export const samplerKeys = {
  'sampler.name': z
    .enum(['batch_sampler', 'multi_scale_sampler', 'variable_batch_sampler'])
    .default('batch_sampler')
    .describe('How images, sizes and batches are chosen'),
  'sampler.num_repeats': z
    .int()
    .min(1)
    .default(1)
    .describe('Repeated augmentation: times that an image comes in a row'),
  'sampler.truncated_repeat_aug_sampler': z
    .boolean()
    .default(false)
    .describe('Keeps the epoch as long as without repeats'),
  'sampler.use_shards': z
    .boolean()
    .default(false)
    .describe('Training: each node has a part of the images for itself, with ddp.world_size'),
  'sampler.disable_shuffle_sharding': z
    .boolean()
    .default(false)
    .describe('Keeps the order of the images inside such a part'),

  'sampler.bs.crop_size_width': pixels(256, 'Width of the images of batch_sampler'),
  'sampler.bs.crop_size_height': pixels(256, 'Height of the images of batch_sampler'),

  'sampler.msc.crop_size_width': pixels(256, 'Base width of multi_scale_sampler; the width in validation'),
  'sampler.msc.crop_size_height': pixels(256, 'Base height of multi_scale_sampler; the height in validation'),
  'sampler.msc.min_crop_size_width': pixels(160, 'Smallest width of multi_scale_sampler'),
  'sampler.msc.max_crop_size_width': pixels(320, 'Largest width of multi_scale_sampler'),
  'sampler.msc.min_crop_size_height': pixels(160, 'Smallest height of multi_scale_sampler'),
  'sampler.msc.max_crop_size_height': pixels(320, 'Largest height of multi_scale_sampler'),
  'sampler.msc.max_n_scales': z.int().min(1).default(5).describe('Sizes between the smallest and the largest'),
  'sampler.msc.check_scale': pixels(32, 'Sizes are multiples of it'),

  'sampler.vbs.crop_size_width': pixels(256, 'Base width of variable_batch_sampler; the width in validation'),
  'sampler.vbs.crop_size_height': pixels(256, 'Base height of variable_batch_sampler; the height in validation'),
  'sampler.vbs.min_crop_size_width': pixels(160, 'Smallest width of variable_batch_sampler'),
  'sampler.vbs.max_crop_size_width': pixels(320, 'Largest width of variable_batch_sampler'),
  'sampler.vbs.min_crop_size_height': pixels(160, 'Smallest height of variable_batch_sampler'),
  'sampler.vbs.max_crop_size_height': pixels(320, 'Largest height of variable_batch_sampler'),
  'sampler.vbs.max_n_scales': z.int().min(1).default(5).describe('Sizes between the smallest and the largest'),
  'sampler.vbs.check_scale': pixels(32, 'Sizes are multiples of it'),
  'sampler.vbs.batch_size_at': z
    .enum(['base', 'max'])
    .default('base')
    .describe("Size that dataset.train_batch_size0 refers to: the base one as in CVNets' code, or its paper's largest"),
  'sampler.vbs.scale_inc': z.boolean().default(false).describe('Enlarges the range of sizes before some epochs'),
  'sampler.vbs.ep_intervals': z
    .union([
      z.array(z.int().min(0)),
      z
        .int()
        .min(0)
        .transform((epoch) => [epoch]),
    ])
    .default([40])
    .describe('Epochs before which the range grows, with scale_inc'),
  'sampler.vbs.min_scale_inc_factor': z.number().min(0).default(1).describe('Share by which the smallest size grows'),
  'sampler.vbs.max_scale_inc_factor': z.number().min(0).default(1).describe('Share by which the largest size grows'),
};
