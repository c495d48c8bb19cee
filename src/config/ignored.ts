import * as z from 'zod';
import { choice, flag, int, real, type Schemas, text, under, unset } from './later/feature.js';

const collate = text('pytorch_default_collate_fn');
const names = z.union([z.string(), z.array(z.string())]);

/**
 * CVNets' keys that are taken and change nothing: how PyTorch does its work, what this library always does, and what
 * CVNets itself reads and ignores. A run that sets one says so in a line.
 */
export const ignoredKeys: Schemas = {
  ...under('common', {
    // Channels are always the fast axis.
    channels_last: flag(),
    // Every run has a folder of its own; `--resume` goes on with one.
    auto_resume: flag(),
    eval_stage_name: text('evaluation'),
    enable_coreml_compatible_module: flag(),
    debug_mode: flag(),
  }),
  ...under('dataset', {
    pin_memory: flag(),
    persistent_workers: flag(),
    root_test: text(''),
    // Batches of a classifier are made in one way.
    collate_fn_name_train: collate,
    collate_fn_name_val: collate,
    collate_fn_name_test: collate,
  }),
  ...under('ddp', {
    dist_port: int(30786),
    device_id: unset(z.union([z.int(), z.string()])),
    backend: text('nccl'),
    find_unused_params: flag(),
    use_deprecated_data_parallel: flag(),
  }),
  ...under('model', {
    'activation.inplace': flag(),
    'classification.activation.inplace': flag(),
    // Memory is planned; the results would be the same.
    'classification.gradient_checkpointing': flag(),
    'classification.finetune_pretrained_model': flag(),
    'classification.n_pretrained_classes': unset(z.int()),
    'classification.vit.checkpoint_segments': int(4),
    // The same attention, as PyTorch computes it.
    'classification.vit.use_pytorch_mha': flag(),
  }),
  // No network has grouped linear layers.
  ...under('model.layer', { group_linear_init: text('xavier_uniform'), group_linear_init_std_dev: real(0.01) }),
  'optim.eps': real(1e-8),
  'optim.bypass_parameters_check': flag(),
  // Each schedule has its own rates.
  'scheduler.lr': real(0.1),
  'sampler.msc.scale_inc': flag(),
  // All metrics of a classifier are always recorded.
  'stats.train': names.default(['loss']),
  'stats.val': names.default(['loss']),
  ...under('stats.metrics', {
    'retrieval_cmc.subset_fraction': real(1),
    'retrieval_cmc.k': int(5),
    'retrieval_cmc.distance_metric': choice('l2', ['cosine']),
    'prob_hist.num_bins': int(10),
  }),
  taskname: text(''),
  ...under('benchmark', {
    batch_size: int(1),
    warmup_iter: int(10),
    n_iter: int(100),
    use_jit_model: flag(),
  }),
  ...under('loss_landscape', {
    n_points: int(11),
    min_x: real(-1),
    max_x: real(1),
    min_y: real(-1),
    max_y: real(1),
  }),
};
