import { describe, expect, test } from 'vitest';
import { ignoredKeys } from '../../src/config/ignored.js';
import { keyNames } from '../../src/config/keys/index.js';
import { features, knownNames, schemaOf } from '../../src/config/later/index.js';
import { laterValues } from '../../src/config/later/values.js';
import { resolve } from '../../src/config/resolve.js';
import { parseYaml, type Setting } from '../../src/config/yaml.js';

const load = (text: string, allowUnsupported = false, overrides: Setting[] = []) =>
  resolve([...parseYaml(text, 'a.yaml'), ...overrides], { allowUnsupported });

describe('the table of keys', () => {
  test('holds all 575 of CVNets, each in one place', () => {
    const ours =
      /^(train|device|memory)\.|^sampler\.vbs\.batch_size_at$|^ddp\.ranks_per_node$|\.reset_parameters$|^model\.classification\.(variant|onnx\.path)$/;
    const photos = /^dataset\.(val_percentage|split_seed|max_skipped_percentage)$/;
    const otherCommands = /^(benchmark|loss_landscape|conversion)\./;
    const copies = /^(teacher|frame_augmentation)\./;
    const listed = knownNames.filter((key) => ![ours, photos, otherCommands, copies].some((not) => not.test(key)));
    expect(listed, 'name a key that CVNets does not have among ours').toHaveLength(575);
    expect(new Set(knownNames).size).toBe(knownNames.length);
    expect(knownNames.filter((key) => copies.test(key)).length).toBeGreaterThan(300);
  });

  test('each default is a value that the key takes', () => {
    for (const key of knownNames) {
      const value = schemaOf(key)!.parse(undefined);
      expect(value === null || schemaOf(key)!.safeParse(value).success, key).toBe(true);
    }
  });

  test('a feature is switched by a key that exists', () => {
    for (const { switch: lever, name } of features) if (lever) expect(schemaOf(lever.key), name).toBeDefined();
    for (const key of Object.keys(laterValues)) expect(schemaOf(key), key).toBeDefined();
  });

  test.each([
    ['model.detection.mask_rcnn.rpn_nms_thresh', 0.7],
    ['model.segmentation.deeplabv3.aspp_rates', [6, 12, 18]],
    ['model.text.transformer.classes_per_split_zero_shot', 20],
    ['model.classification.fastvit.layer_scale_init_value', 1e-5],
    ['teacher.model.classification.resnet.depth', 50],
    ['frame_augmentation.random_resized_crop.scale', [0.08, 1]],
    ['optim.adamw.amsgrad', false],
    ['stats.metrics.retrieval_cmc.k', 5],
    ['audio_augmentation.mfccs.window_length', 0.023],
    ['loss.neural_augmentation.target_value', [40, 20]],
    ['common.mixed_precision_dtype', 'float16'],
  ])('%s is %j', (key, value) => {
    expect(schemaOf(key)?.parse(undefined)).toEqual(value);
  });
});

describe('what has not landed', () => {
  test.each([
    ['common:\n  mixed_precision: true\n', 'a.yaml:2: common.mixed_precision = true needs mixed precision'],
    ['image_augmentation.rand_augment.enable: true\n', 'needs RandAugment'],
    ['ddp.dist_url: tcp://host:30786\n', 'ddp.dist_url = "tcp://host:30786" needs several devices'],
    ['model.classification.name: regnet\n', 'needs the network regnet'],
    ['model.classification.vit.use_simple_fpn: true\n', 'needs feature pyramids of ViT'],
    ['dataset.category: segmentation\n', 'needs segmentation'],
    ['stats.val: [loss, iou]\n', 'needs the metric iou'],
    ['model.normalization.name: layer_norm\n', 'needs the normalization layer_norm'],
    ['image_augmentation.resize.interpolation: lanczos\n', 'needs the filter lanczos'],
    ['include_configs: [b.yaml]\n', 'needs training on several tasks'],
    ['common.resume: runs/a\n', 'needs `cvnets train --resume RUN`'],
    ['optim:\n  name: adamw\n  adamw:\n    amsgrad: true\n', 'a.yaml:4: optim.adamw.amsgrad = true needs AMSGrad'],
  ])('%j', (text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  // CVNets' SSD and distillation files, in short: one line a feature.
  test.each([
    [
      'dataset: {name: coco_ssd, category: detection}\nmodel.detection:\n  name: ssd\n  ssd: {proj_channels: [512, 256]}\nmatcher.name: ssd\n',
      [
        'a.yaml:1: dataset.name = "coco_ssd" needs the dataset coco_ssd, which cvnets does not have yet',
        'a.yaml:1: dataset.category = "detection" needs object detection, which cvnets does not have yet, ' +
          'as model.detection.name, model.detection.ssd.proj_channels, matcher.name do',
      ],
    ],
    [
      'loss: {category: distillation, distillation: {name: soft_kl_loss}}\nteacher.model.classification: {name: resnet}\n',
      [
        'a.yaml:1: loss.category = "distillation" needs distillation, which cvnets does not have yet, ' +
          'as loss.distillation.name, teacher.model.classification.name do',
      ],
    ],
  ])('%j is told feature by feature', (text, lines) => {
    expect(() => load(text)).toThrow(lines.join('\n'));
  });

  test('values of the wrong type are errors all the same', () => {
    expect(() => load('common.mixed_precision: 3\n', true)).toThrow(
      'a.yaml:1: common.mixed_precision = 3: needs true or false',
    );
    expect(() => load('model.detection.ssd.top_k: many\n')).toThrow('needs a whole number');
  });

  test.each([
    'common.mixed_precision: false\n',
    'common.mixed_precision_dtype: bfloat16\n',
    'image_augmentation.rand_augment.num_ops: 3\n',
    'model.classification:\n  name: resnet\n  vit: {mode: tiny}\n',
    'model.segmentation: {n_classes: 150}\nmodel.detection.ssd.use_fpn: true\n',
    'ddp: {rank: 0, world_size: 1, dist_url: null}\n',
    'teacher.model.classification.name: resnet\n',
    'optim.adam.amsgrad: true\n',
  ])('%j changes nothing, so it is fine', (text) => {
    expect(load(text).unsupported).toEqual([]);
  });

  test('the command line can turn it off', () => {
    const off = { key: 'common.mixed_precision', value: false, where: 'command line' };
    expect(load('common.mixed_precision: true\n', false, [off]).unsupported).toEqual([]);
  });

  test('it is left out on request, with the options that go with it', () => {
    const text = 'common: {seed: 3}\nimage_augmentation:\n  rand_augment:\n    enable: true\n    magnitude: 7\n';
    const { config, unsupported } = load(text, true);
    expect(config['common.seed']).toBe(3);
    expect(unsupported).toEqual([
      { key: 'image_augmentation.rand_augment.enable', value: true, where: 'a.yaml:4', feature: 'RandAugment' },
      { key: 'image_augmentation.rand_augment.magnitude', value: 7, where: 'a.yaml:5', feature: 'RandAugment' },
    ]);
  });

  test('but nothing stands in for a network', () => {
    expect(() => load('model.classification.name: swin\n', true)).toThrow('needs the network swin');
  });
});

test('plumbing is ignored, and listed when it differs from its default', () => {
  const text =
    'common: {channels_last: true, local_note: mine}\ndataset: {pin_memory: false, persistent_workers: true}\n';
  expect(load(text).ignored).toEqual(['common.channels_last', 'common.local_note', 'dataset.persistent_workers']);
  expect(keyNames.filter((key) => Object.hasOwn(ignoredKeys, key))).toEqual([]);
});

test('the nearest key may be one without effect', () => {
  expect(() => load('common.mixed_precison: true\n')).toThrow("did you mean 'common.mixed_precision'?");
  expect(() => load('ddp.world_sise: 1\n')).toThrow("did you mean 'ddp.world_size'?");
});

test('a Python pair is a list', () => {
  const { config } = load('image_augmentation.random_resized_crop.scale: (0.5, 1.0)\n');
  expect(config['image_augmentation.random_resized_crop.scale']).toEqual([0.5, 1]);
});
