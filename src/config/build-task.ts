import { crossEntropyLoss } from '../losses/cross-entropy.js';
import { type InitializeOptions, initialize } from '../nn/initialize.js';
import { type Module, namedParameters } from '../nn/module.js';
import { toFloat } from '../ops/to-float.js';
import type { Task } from '../train/task.js';
import { ConfigError } from '../utils/errors.js';
import { applyFineTuning } from './build-finetune.js';
import { buildModel, type ImageShape } from './build-model.js';
import type { Config } from './keys/index.js';

export interface ClassificationTask extends Task {
  readonly model: Module;
}

/**
 * The network of a recipe with its input scaling and loss.
 * @param values what parameters start from; those without one get theirs from `common.seed`
 */
export function buildTask(
  config: Config,
  image: ImageShape,
  values?: ReadonlyMap<string, Float32Array>,
): ClassificationTask {
  const seed = config['common.seed'];
  const model = buildModel(config, image);
  applyFineTuning(config, model);
  const { parameters, buffers } = initialize(model, { seed, ...layerInit(config), values });
  const frozen = new Set([...namedParameters(model).values()].filter((p) => !p.trainable).map((p) => p.state));
  const loss = {
    label_smoothing: config['loss.classification.cross_entropy.label_smoothing'],
    ignore_index: config['loss.classification.cross_entropy.ignore_index'],
  };
  const pixels = pixelScale(config, image.channels);
  return {
    model,
    classes: config['model.classification.n_classes'],
    parameters: parameters.filter((state) => !frozen.has(state)),
    buffers: [...parameters.filter((state) => frozen.has(state)), ...buffers],
    logits: (x, { training, counter }) => model.call(toFloat(x, pixels), { training, dropoutCounter: counter, seed }),
    loss: (logits, target, context) => crossEntropyLoss(logits, target, context, loss),
  };
}

function layerInit(config: Config): InitializeOptions {
  if (!config['model.layer.reset_parameters']) return {};
  return {
    conv_init: config['model.layer.conv_init'],
    conv_init_std_dev: config['model.layer.conv_init_std_dev'] ?? undefined,
    linear_init: config['model.layer.linear_init'],
    linear_init_std_dev: config['model.layer.linear_init_std_dev'],
  };
}

/** Bytes to 0..1 and, when it is asked for, to mean 0 and deviation 1: x/255/std - mean/std. */
function pixelScale(config: Config, channels: number): { scale: number[]; shift: number[] } {
  const group = 'image_augmentation.to_tensor.mean_std_normalization';
  if (!config[`${group}.enable`]) return { scale: [1 / 255], shift: [0] };
  const [mean, std] = [config[`${group}.mean`], config[`${group}.std`]];
  if (mean?.length !== channels || std?.length !== channels) {
    throw new ConfigError(
      `${group}: mean has ${mean?.length ?? 0} values and std ${std?.length ?? 0}, the images have ${channels} channels`,
      'give one value per channel for both',
    );
  }
  return { scale: std.map((s) => 1 / (255 * s)), shift: mean.map((m, i) => -m / std[i]) };
}
