import type { ImageShape } from '../config/build-model.js';
import { photoTransform } from '../config/build-photos.js';
import { valSize } from '../config/build-sampler.js';
import { buildTask, type ClassificationTask } from '../config/build-task.js';
import type { Config } from '../config/keys/index.js';
import type { EvalTransform } from '../data/transforms/augment.js';
import { Engine } from '../scheduler/engine.js';
import { byName, Checkpoints, decodeStates } from '../train/checkpoints.js';
import { Predictor } from '../train/predictor.js';
import { RunFolder } from '../train/run-folder.js';
import { ConfigError } from '../utils/errors.js';
import { type CommandContext, type DeviceFlags, loadConfig, openConfiguredDevice } from './context.js';
import { imageChannels } from './image-channels.js';
import { checkPlugins } from './plugins.js';
import { openWeights } from './pretrained.js';
import type { WeightsFlags } from './weights-flags.js';

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

export interface ModelFlags extends DeviceFlags, WeightsFlags {
  readonly checkpoint?: string;
  /** `H,W`, or one number for both. */
  readonly size?: string;
}

const WEIGHTS_FILE = /\.(safetensors|pt|pth|th|npz|json|onnx)$/i;
const checkpoints = ['best', 'ema', 'last'] as const;

/**
 * The network of a run with its weights, or of a file of weights: the network is the one that recipe keys name, or the
 * one that the file is recognised as. The engine is the caller's to close.
 */
export async function openModel(
  context: CommandContext,
  target: string,
  flags: ModelFlags,
  notice: (message: string) => void = () => {},
): Promise<LoadedModel> {
  const { files } = context.platform;
  if (flags.weights !== undefined || WEIGHTS_FILE.test(target)) {
    const { config, values, metadata } = await openWeights(context, target, flags, notice);
    return load(context, config, flags, notice, async () => metadata, values);
  }
  const choice = checkpoints.find((name) => name === (flags.checkpoint ?? 'best'));
  if (!choice) throw new ConfigError(`--checkpoint is ${flags.checkpoint}`, `use ${checkpoints.join(', ')}`);
  const folder = await RunFolder.open(files, target);
  checkPlugins(folder, flags.plugin);
  const config = await loadConfig(context, folder.configPath, flags);
  const path = await new Checkpoints(files, folder.checkpointsPath, 0).evaluationPath(choice);
  const file = await files.read(path);
  return load(context, config, flags, notice, (engine, task) => {
    const states = byName([...task.parameters, ...task.buffers]);
    return decodeStates(engine, states, file, path, choice === 'last');
  });
}

async function load(
  context: CommandContext,
  config: Config,
  flags: ModelFlags,
  notice: (message: string) => void,
  fill: (engine: Engine, task: ClassificationTask) => Promise<ReadonlyMap<string, string>>,
  values?: ReadonlyMap<string, Float32Array>,
): Promise<LoadedModel> {
  const image = { channels: imageChannels(config), ...(flags.size ? sizeOf(flags.size) : valSize(config)) };
  const task = buildTask(config, image, values);
  const engine = new Engine(await openConfiguredDevice(context, config, notice));
  try {
    // A trace of a prediction reads every parameter and every running statistic, so all have a place from here on.
    await Predictor.create(engine, task, image);
    const metadata = await fill(engine, task);
    const classes = JSON.parse(metadata.get('classes') ?? '[]') as string[];
    return { name: config['model.classification.name']!, config, engine, task, image, classes };
  } catch (error) {
    await engine.close();
    throw error;
  }
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
