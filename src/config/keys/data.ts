import * as z from 'zod';

/** Keys about images: `dataset`. */
export const dataKeys = {
  'dataset.name': z.string().nullable().default(null).describe('Which dataset'),
  'dataset.category': z.enum(['classification']).default('classification').describe('Task of the dataset'),
  'dataset.root_train': z.string().default('').describe('Folder of the training images'),
  'dataset.root_val': z.string().default('').describe('Folder of the validation images; default: the training one'),
  'dataset.percentage_of_samples': z.number().gt(0).lte(100).default(100).describe('Share of the training images used'),
  'dataset.sample_selection_random_seed': z.int().min(0).default(0).describe('Which ones they are'),
  'dataset.train_batch_size0': z.int().min(1).default(128).describe('Images in a training batch'),
  'dataset.val_batch_size0': z.int().min(1).default(1).describe('Images in a validation batch'),
  'dataset.eval_batch_size0': z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Images in a batch of cvnets eval; default: as in validation'),
  'dataset.val_percentage': z
    .number()
    .min(0)
    .lt(100)
    .default(20)
    .describe('Validation share of each class where a folder of photos is not split; the seed is split_seed'),
  'dataset.split_seed': z.int().min(0).default(0).describe('Which photos they are'),
  'dataset.workers': z
    .int()
    .min(-1)
    .default(-1)
    .describe('Threads that read photos; 0: the main thread, -1: as many as there are cores'),
  'dataset.prefetch_factor': z.int().min(0).default(2).describe('Batches that are read ahead'),
  'dataset.max_skipped_percentage': z
    .number()
    .min(0)
    .max(100)
    .default(5)
    .describe('Share of the photos that may be unreadable before the run stops'),
};
