import type { ImageShape } from '../config/build-model.js';
import { photoTransform } from '../config/build-photos.js';
import { valSize } from '../config/build-sampler.js';
import { buildTask, type ClassificationTask } from '../config/build-task.js';
import type { Config } from '../config/keys/index.js';
import { resolveConfig } from '../config/resolve.js';
import type { EvalTransform } from '../data/transforms/augment.js';
import { fromTypedArray, type SafetensorsTensor } from '../formats/safetensors.js';
import { toFloat32 } from '../formats/weights/floats.js';
import { readWeights } from '../formats/weights/read.js';
import { Engine } from '../scheduler/engine.js';
import { byName, Checkpoints, restoreStates } from '../train/checkpoints.js';
import { Predictor } from '../train/predictor.js';
import { RunFolder } from '../train/run-folder.js';
import { ConfigError } from '../utils/errors.js';
import { imageChannels } from './commands/predict.js';
import { type CommandContext, type DeviceFlags, loadConfig, openConfiguredDevice } from './context.js';
import { checkPlugins } from './plugins.js';

/** A network whose weights are on an engine. */
export interface LoadedModel {
  /** Such as `mobilenetv2`. */
  readonly name: string;
  readonly config: Config;
  readonly engine: Engine;
  readonly task: ClassificationTask;
  /** Images that it was evaluated with. */
  readonly image: ImageShape;
  /** Names of the classes, as far as they are known. */
  readonly classes: readonly string[];
}

export interface ModelFlags extends DeviceFlags {
  readonly checkpoint?: string;
  /** `H,W`, or one number for both. */
  readonly size?: string;
}

const checkpoints = ['best', 'ema', 'last'] as const;

/**
 * The network of a run with its weights, or of a file of weights whose network the command line names with recipe keys.
 * The engine is the caller's to close.
 */
export async function openModel(context: CommandContext, target: string, flags: ModelFlags): Promise<LoadedModel> {
  const { files } = context.platform;
  if (!(await files.exists(`${target.replace(/\/+$/, '')}/config.yaml`))) return openWeights(context, target, flags);
  const choice = checkpoints.find((name) => name === (flags.checkpoint ?? 'best'));
  if (!choice) throw new ConfigError(`--checkpoint is ${flags.checkpoint}`, `use ${checkpoints.join(', ')}`);
  const folder = await RunFolder.open(files, target);
  checkPlugins(folder, flags.plugin);
  const config = await loadConfig(context, folder.configPath, flags);
  const path = await new Checkpoints(files, folder.checkpointsPath, 0).evaluationPath(choice);
  return load(context, config, path, flags);
}

async function openWeights(context: CommandContext, path: string, flags: ModelFlags): Promise<LoadedModel> {
  const config = resolveConfig(context.overrides);
  if (config['model.classification.name'] === null) {
    throw new ConfigError(
      `${path} is no run folder, so it holds weights only: whose they are must be said`,
      'add --model.classification.name mobilenetv2 and the like',
    );
  }
  return load(context, config, path, flags);
}

async function load(context: CommandContext, config: Config, path: string, flags: ModelFlags): Promise<LoadedModel> {
  const image = { channels: imageChannels(config), ...(flags.size ? sizeOf(flags.size) : valSize(config)) };
  const task = buildTask(config, image);
  const { tensors, metadata } = await readWeights(context.platform.files, path);
  const engine = new Engine(await openConfiguredDevice(context, config, () => {}));
  try {
    // A trace of a prediction reads every parameter and every running statistic, so all have a place from here on.
    await Predictor.create(engine, task, image);
    const states = byName([...task.parameters, ...task.buffers]);
    const floats = [...states.keys()].filter((key) => tensors.has(key)).map((key) => float32(key, tensors.get(key)!));
    await restoreStates(engine, states, new Map(floats), path);
    const classes = JSON.parse(metadata.get('classes') ?? '[]') as string[];
    return { name: config['model.classification.name']!, config, engine, task, image, classes };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** A training checkpoint, or a file of PyTorch's, also holds what is no weight: only what is asked for is looked at. */
function float32(name: string, tensor: SafetensorsTensor): [string, SafetensorsTensor] {
  return [name, fromTypedArray(toFloat32(name, tensor), tensor.shape)];
}

function sizeOf(text: string): { height: number; width: number } {
  const [height, width = height] = text.split(',').map(Number);
  if ([height, width].every((side) => Number.isInteger(side) && side > 0)) return { height, width };
  throw new ConfigError(`--size is ${text}`, 'use height,width or one number, in pixels');
}

/** What happened to the images before the network saw them, as JSON for a file's metadata. */
export function evaluationFacts({ config, image }: LoadedModel): Record<string, string> {
  const { shortSide, interpolation } = photoTransform(config, 'val') as EvalTransform;
  const { height, width } = image;
  return { evaluation: JSON.stringify({ resize_short_side: shortSide, interpolation, center_crop: [height, width] }) };
}
