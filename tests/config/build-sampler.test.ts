import { expect, test } from 'vitest';
import { baseSize, trainSampler, valSampler } from '../../src/config/build-sampler.js';
import { resolveConfig } from '../../src/config/resolve.js';

const configOf = (settings: Record<string, unknown>) =>
  resolveConfig(Object.entries(settings).map(([key, value]) => ({ key, value, where: 'test' })));
const shapesOf = (settings: Record<string, unknown>) =>
  trainSampler(configOf(settings), 1000).shapes.map(({ height, width, batch }) => [height, width, batch].join(' '));

const scales = (group: 'msc' | 'vbs') => ({
  [`sampler.${group}.crop_size_height`]: 96,
  [`sampler.${group}.crop_size_width`]: 128,
  [`sampler.${group}.min_crop_size_height`]: 64,
  [`sampler.${group}.max_crop_size_height`]: 128,
  [`sampler.${group}.min_crop_size_width`]: 96,
  [`sampler.${group}.max_crop_size_width`]: 160,
  [`sampler.${group}.max_n_scales`]: 3,
  'dataset.train_batch_size0': 32,
});

test("CVNets' defaults", () => {
  expect(shapesOf({})).toEqual(['256 256 128', '256 256 104']);
  expect(shapesOf({ 'sampler.name': 'multi_scale_sampler' })).toEqual([
    '160 160 128',
    '192 192 128',
    '256 256 128',
    '288 288 128',
    '320 320 128',
  ]);
  expect(shapesOf({ 'sampler.name': 'variable_batch_sampler' })).toEqual([
    '160 160 327',
    '192 192 227',
    '256 256 128',
    '288 288 101',
    '320 320 81',
  ]);
});

test('every key of a sampler reaches it', () => {
  expect(shapesOf({ 'sampler.name': 'multi_scale_sampler', ...scales('msc'), 'sampler.msc.check_scale': 64 })).toEqual([
    '64 128 32',
    '128 128 32',
    '128 192 32',
  ]);
  const variable = { 'sampler.name': 'variable_batch_sampler', ...scales('vbs') };
  expect(shapesOf(variable)).toEqual(['64 96 64', '96 128 32', '128 160 19']);
  expect(shapesOf({ ...variable, 'sampler.vbs.batch_size_at': 'max' })).toEqual([
    '64 96 106',
    '96 128 53',
    '128 160 32',
  ]);
  const growth = {
    'sampler.vbs.scale_inc': true,
    'sampler.vbs.ep_intervals': 2,
    'sampler.vbs.min_scale_inc_factor': 0,
  };
  expect(shapesOf({ ...variable, ...growth, 'sampler.vbs.max_scale_inc_factor': 0.5 })).toEqual([
    '64 96 64',
    '96 128 32',
    '128 160 19',
    '192 256 8',
  ]);
});

test('validation: the base size in order, no image twice', () => {
  const config = configOf({ 'sampler.name': 'variable_batch_sampler', ...scales('vbs'), 'sampler.num_repeats': 3 });
  expect(baseSize(config)).toEqual({ height: 96, width: 128 });
  const batches = [...valSampler(config, 25, 10).epoch(0)];
  expect(batches.map(({ height, width, indices }) => [height, width, indices.length])).toEqual([
    [96, 128, 10],
    [96, 128, 10],
    [96, 128, 5],
  ]);
});

test('ranks share the training images', () => {
  const first = (settings: Record<string, unknown>) =>
    [0, 1].map((rank) => {
      const config = configOf({ ...settings, 'ddp.world_size': 2, 'ddp.rank': rank, 'dataset.train_batch_size0': 3 });
      const [{ indices }] = trainSampler(config, 10).epoch(0);
      return [...indices];
    });
  // random.seed(0); random.shuffle(range(10)) gives 7 8 1 5 3 4 2 0 9 6.
  expect(first({})).toEqual([
    [7, 1, 3],
    [8, 5, 4],
  ]);
  const shards = { 'sampler.use_shards': true, 'sampler.disable_shuffle_sharding': true };
  expect(first(shards)).toEqual([
    [0, 1, 2],
    [5, 6, 7],
  ]);
  expect(first({ ...shards, 'ddp.ranks_per_node': 2 })).toEqual([
    [0, 2, 4],
    [1, 3, 5],
  ]);
  expect(first({ 'sampler.num_repeats': 2, 'sampler.truncated_repeat_aug_sampler': true })).toEqual([
    [7, 8, 1],
    [7, 8, 1],
  ]);
  const alone = configOf({ 'ddp.world_size': 2, 'ddp.rank': 1, 'dataset.val_batch_size0': 4 });
  expect(valSampler(alone, 7, 4).batches(0)).toBe(2);
  expect(() => trainSampler(configOf({ 'ddp.rank': 1 }), 10)).toThrow('rank 1 of 1');
});

test('an unknown sampler is refused', () => {
  expect(() => configOf({ 'sampler.name': 'chain_sampler' })).toThrow('sampler.name = "chain_sampler"');
});
