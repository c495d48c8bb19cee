import * as z from 'zod';
import { choice, type Feature, flag, int, real, text, under, unset } from './feature.js';

/** Parts of a run that are not there yet. */
export const runFeatures: readonly Feature[] = [
  {
    name: 'mixed precision',
    switch: { key: 'common.mixed_precision' },
    keys: under('common', { mixed_precision: flag(), mixed_precision_dtype: choice('float16', ['bfloat16']) }),
  },
  { name: 'several devices', keys: { 'ddp.dist_url': unset(z.string()) } },
  { name: '`cvnets train --resume RUN`', keys: { 'common.resume': unset(z.string()) } },
  { name: '`cvnets train FILE`', keys: { 'common.config_file': unset(z.string()) } },
  {
    name: 'the keys themselves on the command line',
    keys: { 'common.override_kwargs': unset(z.union([z.string(), z.array(z.string())])) },
  },
  {
    name: 'starting from saved weights',
    keys: under('common', { finetune: unset(z.string()), finetune_ema: unset(z.string()) }),
  },
  { name: 'keeping the checkpoint of every epoch', keys: { 'common.save_all_checkpoints': flag() } },
  { name: 'weights that are replaced by their average', keys: { 'ema.copy_at_epoch': int(-1) } },
  { name: 'training without validation', keys: { 'dataset.disable_val': flag() } },
  { name: 'a number of images for each class', keys: { 'dataset.num_samples_per_category': int(-1) } },
  {
    name: 'sample-efficient training',
    switch: { key: 'dataset.sample_efficient_training.enable' },
    keys: under('dataset.sample_efficient_training', {
      enable: flag(),
      sample_confidence: real(0.5),
      find_easy_samples_every_k_epochs: int(5),
      min_sample_frequency: int(5),
    }),
  },
  {
    name: 'the dataset imagenet_v2',
    switch: { key: 'dataset.name', is: 'imagenet_v2' },
    keys: {
      'dataset.imagenet_v2.split': choice('matched-frequency', ['matched_frequency', 'threshold_0.7', 'top_images']),
    },
  },
  {
    name: 'training on several tasks',
    keys: under('sampler', {
      chain_sampler: unset(z.unknown()),
      chain_sampler_mode: choice('sequential', ['interleave']),
    }),
  },
  { name: 'losses made of several losses', keys: { 'loss.composite_loss': unset(z.unknown()) } },
  {
    name: 'distillation',
    switch: { key: 'loss.category', is: 'distillation' },
    keys: under('loss.distillation', {
      name: unset(z.string()),
      'soft_kl_loss.temperature': real(1),
      'hard_distillation.topk': int(1),
      'hard_distillation.label_smoothing': real(0),
    }),
  },
  { name: 'class weights', keys: { 'loss.classification.cross_entropy.class_weights': flag() } },
  {
    name: 'binary cross entropy',
    switch: { key: 'loss.classification.name', is: 'binary_cross_entropy' },
    keys: {
      'loss.classification.binary_cross_entropy.reduction': choice('mean', ['sum', 'none', 'batch_mean']),
    },
  },
  {
    name: 'AMSGrad',
    switch: { key: 'optim.name', is: 'adam' },
    keys: { 'optim.adam.amsgrad': flag() },
  },
  {
    name: 'AMSGrad',
    switch: { key: 'optim.name', is: 'adamw' },
    keys: { 'optim.adamw.amsgrad': flag() },
  },
  {
    name: 'conversion to Core ML',
    switch: { key: 'conversion.input_image_path' },
    keys: under('conversion', { coreml_extn: text('mlmodel'), input_image_path: unset(z.string()) }),
  },
];
