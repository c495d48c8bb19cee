import * as z from 'zod';

/** Keys about images: `dataset` and `image_augmentation`. */
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
  'dataset.pin_memory': z.boolean().default(false).describe('Has no effect'),
  'dataset.persistent_workers': z.boolean().default(false).describe('Has no effect: workers always persist'),

  'image_augmentation.to_tensor.mean_std_normalization.enable': z
    .boolean()
    .default(false)
    .describe('Subtracts a mean and divides by a deviation after scaling to 0..1'),
  'image_augmentation.to_tensor.mean_std_normalization.mean': z
    .array(z.number())
    .nullable()
    .default(null)
    .describe('One mean per channel, for pixels in 0..1'),
  'image_augmentation.to_tensor.mean_std_normalization.std': z
    .array(z.number().positive())
    .nullable()
    .default(null)
    .describe('One deviation per channel'),
};
