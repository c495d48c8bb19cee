import * as z from 'zod';
import { choice, type Feature, flag, int, interpolations, real, reals, text, under, unset } from './feature.js';

/** A transform of images that is off unless it is enabled. */
const transform = (name: string, group: string, keys: Feature['keys']): Feature => ({
  name,
  switch: { key: `image_augmentation.${group}.enable` },
  keys: under(`image_augmentation.${group}`, { enable: flag(), ...keys }),
});

const interpolation = choice('bilinear', interpolations);
const size = () => unset(z.union([z.int(), z.array(z.int())]));
const range = () => unset(z.array(z.number()));
const mixing = { p: real(1), inplace: flag(), sample_key: unset(z.string()), target_key: unset(z.string()) };

/** Transforms of images and of video. */
export const augmentationFeatures: readonly Feature[] = [
  transform('AutoAugment', 'auto_augment', { policy: text('imagenet'), interpolation: text('bilinear') }),
  transform('RandAugment', 'rand_augment', {
    num_ops: int(2),
    magnitude: int(9),
    num_magnitude_bins: int(31),
    interpolation,
    use_timm_library: flag(),
    timm_config_str: text('rand-m9-mstd0.5-inc1'),
  }),
  transform('TrivialAugment', 'trivial_augment_wide', { num_magnitude_bins: int(31), interpolation }),
  transform('random erasing', 'random_erase', { p: real(0.5) }),
  transform('MixUp', 'mixup', { alpha: real(0.2), ...mixing }),
  transform('CutMix', 'cutmix', { alpha: real(1), ...mixing }),
  transform('random rotation', 'random_rotate', { angle: real(10), mask_fill: int(0) }),
  transform('cropping to a fixed size', 'fixed_size_crop', {
    size: size(),
    fill: int(0),
    padding_mode: text('constant'),
  }),
  transform('scale jitter', 'scale_jitter', {
    interpolation: text('bilinear'),
    target_size: size(),
    scale_range: range(),
  }),
  transform('the crop of SSD', 'ssd_crop', {
    iou_thresholds: reals([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]),
    n_trials: int(40),
    min_aspect_ratio: real(0.5),
    max_aspect_ratio: real(2),
  }),
  transform('photometric distortion', 'photo_metric_distort', {
    alpha_min: real(0.5),
    alpha_max: real(1.5),
    beta_min: real(0.875),
    beta_max: real(1.125),
    gamma_min: real(0.5),
    gamma_max: real(1.5),
    delta_min: real(-0.05),
    delta_max: real(0.05),
    p: real(0.5),
  }),
  transform('random resizing', 'random_resize', {
    max_scale_long_edge: unset(z.int()),
    max_scale_short_edge: unset(z.int()),
    min_ratio: real(0.5),
    max_ratio: real(2),
    interpolation,
  }),
  transform('random resizing of the short side', 'random_short_size_resize', {
    short_side_min: unset(z.int()),
    short_side_max: unset(z.int()),
    interpolation: choice('bicubic', ['bilinear', ...interpolations.filter((name) => name !== 'bicubic')]),
    max_img_dim: unset(z.int()),
  }),
  transform('Gaussian blur', 'random_gaussian_noise', { p: real(0.5) }),
  transform('random crops', 'random_crop', {
    seg_class_max_ratio: unset(z.number()),
    pad_if_needed: flag(),
    mask_fill: int(255),
  }),
  transform('transforms in random order', 'random_order', { apply_k: real(1) }),
  transform('training on file bytes', 'pil_save', {
    file_encoding: choice('TIFF', ['fCHW', 'fHWC', 'PNG', 'JPEG']),
    quality: int(100),
  }),
  transform('training on file bytes', 'shuffle_bytes', {
    mode: choice('reverse', ['random_shuffle', 'cyclic_half_length', 'stride', 'window_shuffle']),
    stride: int(1024),
    window_size: int(1024),
  }),
  transform('training on file bytes', 'mask_positions', { keep_frac: real(0.5) }),
  transform('training on file bytes', 'byte_permutation', {}),
  transform('training on file bytes', 'random_uniform', { width_range: reals([-5, 5]) }),
  { name: 'other types of pixels', keys: { 'image_augmentation.to_tensor.dtype': text('float') } },
  {
    name: 'video',
    switch: { key: 'common.inference_modality', is: 'video' },
    keys: {
      'common.inference_modality': choice('image', ['video']),
      ...under('dataset', { clips_per_video: int(1), n_frames_per_clip: int(64) }),
      ...under('video_reader', {
        name: text('pyav'),
        fast_video_decoding: flag(),
        frame_stack_format: choice('sequence_first', ['channel_first']),
      }),
      ...under('video_augmentation', {
        'save_inputs.save_dir': unset(z.string()),
        'save_inputs.add_labels': flag(),
        'save_inputs.enable': flag(),
        'save_inputs.symlink_to_original': flag(),
        'random_resized_crop.enable': flag(),
        'random_resized_crop.interpolation': choice('bilinear', ['nearest', 'bicubic']),
        'random_resized_crop.scale': reals([0.08, 1]),
        'random_resized_crop.aspect_ratio': reals([3 / 4, 4 / 3]),
        'random_short_side_resize_crop.enable': flag(),
        'random_short_side_resize_crop.interpolation': choice('bilinear', ['nearest', 'bicubic']),
        'random_short_side_resize_crop.short_side_min': unset(z.int()),
        'random_short_side_resize_crop.short_side_max': unset(z.int()),
        'random_crop.enable': flag(),
        'random_horizontal_flip.enable': flag(),
        'random_horizontal_flip.p': real(0.5),
        'center_crop.enable': flag(),
        'resize.enable': flag(),
        'resize.interpolation': choice('bilinear', ['nearest', 'bicubic']),
        'resize.size': size(),
        'crop_by_bounding_box.images_size': size(),
        'crop_by_bounding_box.channel_first': flag(),
        'crop_by_bounding_box.multiplier': real(1),
        'shuffle_audios.shuffle_ratio_train': real(0.5),
        'shuffle_audios.shuffle_ratio_val': real(0.5),
        'shuffle_audios.shuffle_ratio_test': real(0.5),
        'shuffle_audios.generate_frame_level_targets': flag(),
        'shuffle_audios.target_key': text('is_shuffled'),
        'shuffle_audios.debug_mode': flag(),
      }),
    },
  },
];
