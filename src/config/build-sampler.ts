import { BatchSampler } from '../data/samplers/batch-sampler.js';
import type { IndexOptions } from '../data/samplers/indices.js';
import { MultiScaleSampler } from '../data/samplers/multi-scale-sampler.js';
import type { Sampler } from '../data/samplers/sampler.js';
import type { ScaleOptions } from '../data/samplers/scales.js';
import { VariableBatchSampler } from '../data/samplers/variable-batch-sampler.js';
import type { Config } from './keys/index.js';

const groups = { batch_sampler: 'bs', multi_scale_sampler: 'msc', variable_batch_sampler: 'vbs' } as const;

/** Size of training images unless the sampler varies it. */
export function baseSize(config: Config): { readonly height: number; readonly width: number } {
  const group = groups[config['sampler.name']];
  return {
    height: config[`sampler.${group}.crop_size_height`],
    width: config[`sampler.${group}.crop_size_width`],
  };
}

/** The share of the training images that this process takes. */
export function ranks(config: Config): { readonly rank: number; readonly world: number } {
  return { rank: config['ddp.rank'], world: Math.max(1, config['ddp.world_size']) };
}

/** The sampler that the recipe names. */
export function trainSampler(config: Config, count: number): Sampler {
  const batchSize = config['dataset.train_batch_size0'];
  const shards = {
    ranksPerNode: config['ddp.ranks_per_node'],
    shuffle: !config['sampler.disable_shuffle_sharding'],
  };
  const indices: IndexOptions = {
    count,
    shuffle: true,
    repeats: config['sampler.num_repeats'],
    truncateRepeats: config['sampler.truncated_repeat_aug_sampler'],
    ...ranks(config),
    shards: config['sampler.use_shards'] ? shards : undefined,
  };
  switch (config['sampler.name']) {
    case 'batch_sampler':
      return new BatchSampler({ ...indices, ...baseSize(config), batchSize });
    case 'multi_scale_sampler':
      return new MultiScaleSampler({ ...indices, ...scales(config, 'msc'), batchSize });
    case 'variable_batch_sampler': {
      const growth = {
        epochs: config['sampler.vbs.ep_intervals'],
        minFactor: config['sampler.vbs.min_scale_inc_factor'],
        maxFactor: config['sampler.vbs.max_scale_inc_factor'],
      };
      return new VariableBatchSampler({
        ...indices,
        ...scales(config, 'vbs'),
        batchSize,
        batchSizeAt: config['sampler.vbs.batch_size_at'],
        growth: config['sampler.vbs.scale_inc'] ? growth : undefined,
      });
    }
  }
}

/** Size of validation images: that of the centre crop, or the base size of the sampler. */
export function valSize(config: Config): { readonly height: number; readonly width: number } {
  const size = config['image_augmentation.center_crop.size'];
  return config['image_augmentation.center_crop.enable'] ? { height: size, width: size } : baseSize(config);
}

/** Validation images in order, each once, on every rank: CVNets' samplers would count some twice. */
export function valSampler(config: Config, count: number, batchSize: number): Sampler {
  return new BatchSampler({ count, shuffle: false, ...valSize(config), batchSize });
}

function scales(config: Config, group: 'msc' | 'vbs'): ScaleOptions {
  const side = (name: 'height' | 'width') => ({
    base: config[`sampler.${group}.crop_size_${name}`],
    min: config[`sampler.${group}.min_crop_size_${name}`],
    max: config[`sampler.${group}.max_crop_size_${name}`],
  });
  return {
    height: side('height'),
    width: side('width'),
    maxScales: config[`sampler.${group}.max_n_scales`],
    checkScale: config[`sampler.${group}.check_scale`],
  };
}
