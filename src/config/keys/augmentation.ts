import * as z from 'zod';

const enable = (what: string) => z.boolean().default(false).describe(what);
const interpolation = () =>
  z
    .enum(['bilinear', 'bicubic', 'cubic'])
    .default('bilinear')
    .transform((name) => (name === 'cubic' ? 'bicubic' : name))
    .describe('Filter of the resizing');
const range = (low: number, high: number) =>
  z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([least, most]) => least <= most, 'the smaller comes first')
    .default([low, high]);

/** Keys about what happens to photos before they are fed to the network. */
export const augmentationKeys = {
  'image_augmentation.random_resized_crop.enable': enable('Training: a random part of the photo; else all of it'),
  'image_augmentation.random_resized_crop.interpolation': interpolation(),
  'image_augmentation.random_resized_crop.scale': range(0.08, 1).describe("Share of the photo's area, from and to"),
  'image_augmentation.random_resized_crop.aspect_ratio': range(0.75, 1.3333333333333333).describe(
    'Width of the part divided by its height, from and to',
  ),
  'image_augmentation.random_horizontal_flip.enable': enable('Training: mirrors some photos'),
  'image_augmentation.random_horizontal_flip.p': z.number().min(0).max(1).default(0.5).describe('Share of them'),
  'image_augmentation.resize.enable': enable('Validation: resizes to resize.size; else to 8/7 of the crop'),
  'image_augmentation.resize.interpolation': interpolation(),
  'image_augmentation.resize.size': z.int().min(1).default(256).describe('Shorter side before the crop'),
  'image_augmentation.center_crop.enable': enable("Validation: crops to center_crop.size; else to the sampler's size"),
  'image_augmentation.center_crop.size': z.int().min(1).default(224).describe('Both sides of the crop'),

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
