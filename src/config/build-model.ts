import type { EfficientNetOptions } from '../models/classification/efficientnet.js';
import { type ClassificationModelName, classificationModels } from '../models/classification/index.js';
import type { LeNetOptions } from '../models/classification/lenet.js';
import type { MobileNetV1Options } from '../models/classification/mobilenetv1.js';
import type { MobileNetV2Options } from '../models/classification/mobilenetv2.js';
import type { MobileNetV3Options } from '../models/classification/mobilenetv3.js';
import type { MobileViTOptions } from '../models/classification/mobilevit.js';
import type { MobileViTV2Options } from '../models/classification/mobilevit-v2.js';
import { freezeBatchNorm } from '../models/classification/model.js';
import type { ResNetOptions } from '../models/classification/resnet.js';
import { variantFacts, variantsOf } from '../models/classification/variants/index.js';
import type { ViTOptions } from '../models/classification/vit.js';
import type { Module } from '../nn/module.js';
import { ConfigError } from '../utils/errors.js';
import { Registry } from '../utils/registry.js';
import type { Config } from './keys/index.js';

/** Channels and size of the images that a network is made for. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

type Builder = (config: Config, image: ImageShape) => Module;

const builders = {
  lenet: (config, { channels, height }) =>
    classificationModels.lenet({ ...common(config), in_channels: channels, image_size: height } satisfies LeNetOptions),
  mobilenetv1: (config) => {
    const width_multiplier = config['model.classification.mobilenetv1.width_multiplier'];
    return classificationModels.mobilenetv1({ ...common(config), width_multiplier } satisfies MobileNetV1Options);
  },
  mobilenetv2: (config) => {
    const width_multiplier = config['model.classification.mobilenetv2.width_multiplier'];
    const variant = config['model.classification.variant'];
    const options = { ...common(config), width_multiplier, variant } satisfies MobileNetV2Options;
    return classificationModels.mobilenetv2(options);
  },
  mobilenetv3: (config) => {
    const mode = config['model.classification.mobilenetv3.mode'];
    const width_multiplier = config['model.classification.mobilenetv3.width_multiplier'];
    return classificationModels.mobilenetv3({ ...common(config), mode, width_multiplier } satisfies MobileNetV3Options);
  },
  efficientnet: (config) => {
    const mode = config['model.classification.efficientnet.mode'];
    const stochastic_depth_prob = config['model.classification.efficientnet.stochastic_depth_prob'];
    const options = { ...common(config), mode, stochastic_depth_prob } satisfies EfficientNetOptions;
    return classificationModels.efficientnet(options);
  },
  mobilevit: (config) => {
    const options = {
      mode: config['model.classification.mit.mode'],
      attn_dropout: config['model.classification.mit.attn_dropout'],
      ffn_dropout: config['model.classification.mit.ffn_dropout'],
      dropout: config['model.classification.mit.dropout'],
      transformer_norm_layer: config['model.classification.mit.transformer_norm_layer'],
      no_fuse_local_global_features: config['model.classification.mit.no_fuse_local_global_features'],
      conv_kernel_size: config['model.classification.mit.conv_kernel_size'],
      head_dim: config['model.classification.mit.head_dim'] ?? undefined,
      number_heads: config['model.classification.mit.number_heads'] ?? undefined,
    };
    return classificationModels.mobilevit({ ...common(config), ...options } satisfies MobileViTOptions);
  },
  mobilevit_v2: (config) => {
    const options = {
      width_multiplier: config['model.classification.mitv2.width_multiplier'],
      attn_dropout: config['model.classification.mitv2.attn_dropout'],
      ffn_dropout: config['model.classification.mitv2.ffn_dropout'],
      dropout: config['model.classification.mitv2.dropout'],
      attn_norm_layer: config['model.classification.mitv2.attn_norm_layer'],
    };
    return classificationModels.mobilevit_v2({ ...common(config), ...options } satisfies MobileViTV2Options);
  },
  vit: (config) => {
    const options = {
      mode: config['model.classification.vit.mode'],
      dropout: config['model.classification.vit.dropout'],
      stochastic_dropout: config['model.classification.vit.stochastic_dropout'],
      norm_layer: config['model.classification.vit.norm_layer'],
      sinusoidal_pos_emb: config['model.classification.vit.sinusoidal_pos_emb'],
      no_cls_token: config['model.classification.vit.no_cls_token'],
    };
    return classificationModels.vit({ ...common(config), ...options } satisfies ViTOptions);
  },
  resnet: (config) => {
    const options = {
      depth: config['model.classification.resnet.depth'],
      dropout: config['model.classification.resnet.dropout'],
      stochastic_depth_prob: config['model.classification.resnet.stochastic_depth_prob'],
      se_resnet: config['model.classification.resnet.se_resnet'],
      variant: config['model.classification.variant'],
    };
    return classificationModels.resnet({ ...common(config), ...options } satisfies ResNetOptions);
  },
} as const satisfies Record<ClassificationModelName, Builder>;

export const modelNames = Object.keys(builders) as ClassificationModelName[];

/** Networks by the name that recipes use; plugins add theirs. */
export const modelRegistry = new Registry<Builder>('network', builders);

/** The network that a recipe names. Throws ConfigError with the nearest name. */
export function buildModel(config: Config, image: ImageShape): Module {
  const name = config['model.classification.name'];
  const build = modelRegistry.get('model.classification.name', name);
  const isColour = name !== 'lenet' && modelNames.some((own) => own === name);
  if (isColour && image.channels !== 3) {
    throw new ConfigError(
      `${config['dataset.name'] ?? 'the'} images have ${image.channels} channel${image.channels === 1 ? '' : 's'}, ${name} takes 3`,
      "use images in colour, or 'lenet'",
    );
  }
  const variant = config['model.classification.variant'];
  if (name && !variantFacts(name, variant)) {
    throw new ConfigError(
      `model.classification.variant: there is no ${name} of ${variant}`,
      `known: ${variantsOf(name).join(', ')}`,
    );
  }
  const model = build(config, image);
  if (config['model.classification.freeze_batch_norm']) freezeBatchNorm(model);
  return model;
}

/** Options of every network. */
export function common(config: Config) {
  const dropout = config['model.classification.classifier_dropout'];
  const ownActivation = config['model.classification.activation.name'];
  const group = ownActivation === null ? 'model.activation' : 'model.classification.activation';
  return {
    n_classes: config['model.classification.n_classes'],
    classifier_dropout: dropout === 0 ? undefined : dropout,
    activation: ownActivation ?? config['model.activation.name'],
    neg_slope: config[`${group}.neg_slope`],
    norm_momentum: config['model.normalization.momentum'],
    global_pool: config['model.layer.global_pool'],
  };
}
