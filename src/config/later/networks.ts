import * as z from 'zod';
import { choice, type Feature, flag, int, ints, real, text, under, unset, yes } from './feature.js';

const share = () => unset(z.number());

/** Options of a network that is not there yet: they matter once it is chosen. */
const network = (name: string, group: string, keys: Feature['keys']): Feature => ({
  name: `the network ${name}`,
  switch: { key: 'model.classification.name', is: name },
  keys: under(`model.classification.${group}`, keys),
});

/** Networks for classification, and what can be done to the ones that are there. */
export const networkFeatures: readonly Feature[] = [
  network('mobileone', 'mobileone', { variant: text('s1'), inference_mode: flag() }),
  network('regnet', 'regnet', { mode: text('y_4.0gf'), stochastic_depth_prob: real(0), stem_width: int(32) }),
  network('fastvit', 'fastvit', {
    variant: text('T8'),
    inference_mode: flag(),
    dropout: real(0),
    drop_path: real(0),
    use_layer_scale: yes(),
    layer_scale_init_value: real(1e-5),
  }),
  network('swin', 'swin', {
    mode: text('tiny'),
    stochastic_depth_prob: share(),
    extract_end_point_format: choice('nchw', ['nhwc']),
  }),
  {
    name: 'feature pyramids of ViT',
    switch: { key: 'model.classification.vit.use_simple_fpn' },
    keys: under('model.classification.vit', { use_simple_fpn: flag() }),
  },
  network('byteformer', 'byteformer', {
    dropout: real(0),
    stochastic_dropout: real(0),
    norm_layer: text('layer_norm'),
    sinusoidal_pos_emb: flag(),
    use_pytorch_mha: flag(),
    mode: choice('tiny', ['small', 'base', 'huge']),
    vocab_size: int(257),
    max_num_tokens: int(10000),
    conv_kernel_size: int(16),
    window_sizes: ints([128]),
    window_shifts: ints([0, 64, 0, 64, 0, 64, 0, 64, 0, 64, 0, 64]),
    downsample: z
      .array(z.boolean())
      .default([true, true, false, true, false, true, false, true, false, true, false, false]),
    padding_index: int(-1),
    dummy_input_token_length: int(48564),
  }),
  {
    name: 'a learning rate for each layer',
    switch: { key: 'model.classification.enable_layer_wise_lr_decay' },
    keys: under('model.classification', { enable_layer_wise_lr_decay: flag(), layer_wise_lr_decay_rate: real(1) }),
  },
  {
    name: 'a momentum of batch norm that changes',
    switch: { key: 'model.normalization.adjust_bn_momentum.enable' },
    keys: under('model.normalization.adjust_bn_momentum', {
      enable: flag(),
      anneal_type: choice('cosine', ['linear']),
      final_momentum_value: real(1e-6),
    }),
  },
  {
    name: 'group norm',
    switch: { key: 'model.normalization.name', is: 'group_norm' },
    keys: { 'model.normalization.groups': int(1) },
  },
  {
    name: 'learned augmentation',
    switch: { key: 'model.learn_augmentation.mode' },
    keys: {
      ...under('model.learn_augmentation', {
        mode: unset(z.enum(['basic', 'distribution'])),
        brightness: flag(),
        contrast: flag(),
        noise: flag(),
        lr_multiplier: real(1),
      }),
      ...under('loss.neural_augmentation', {
        perceptual_metric: z.enum(['psnr']).default('psnr'),
        target_value: z.union([z.number(), z.array(z.number())]).default([40, 20]),
        curriculum_method: choice('cosine', ['linear']),
        alpha: real(100),
      }),
    },
  },
];
