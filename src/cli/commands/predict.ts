import pc from 'picocolors';
import { datasetRegistry } from '../../config/build-data.js';
import { photoTransform } from '../../config/build-photos.js';
import { valSize } from '../../config/build-sampler.js';
import { buildTask } from '../../config/build-task.js';
import type { Config } from '../../config/keys/index.js';
import type { ImageDecoder } from '../../data/images/decoder.js';
import type { RgbImage } from '../../data/images/image.js';
import { type EvalTransform, prepareImage } from '../../data/transforms/augment.js';
import { Engine } from '../../scheduler/engine.js';
import { byName, Checkpoints, decodeStates } from '../../train/checkpoints.js';
import { className } from '../../train/pictures.js';
import { type Prediction, Predictor } from '../../train/predictor.js';
import { RunFolder } from '../../train/run-folder.js';
import { ConfigError, CvnetsError } from '../../utils/errors.js';
import { type CommandContext, type DeviceFlags, loadConfig, openConfiguredDevice } from '../context.js';
import { openDecoders } from '../decoders.js';
import { checkPlugins } from '../plugins.js';

export interface PredictFlags extends DeviceFlags {
  readonly checkpoint?: string;
  readonly top?: string;
}

interface NamedPrediction extends Prediction {
  readonly class: string;
}

const checkpoints = ['best', 'ema'] as const;
const BAR = 24;

/** Says what is in each picture: the likeliest classes. @returns false when a file could not be read */
export async function predict(
  context: CommandContext,
  run: string,
  paths: readonly string[],
  flags: PredictFlags,
): Promise<boolean> {
  const { platform, output } = context;
  const { files } = platform;
  const choice = checkpoints.find((name) => name === (flags.checkpoint ?? 'best'));
  if (!choice) throw new ConfigError(`--checkpoint is ${flags.checkpoint}`, `use ${checkpoints.join(' or ')}`);
  const top = Number(flags.top ?? 5);
  if (!Number.isInteger(top) || top < 1) throw new ConfigError(`--top is ${flags.top}`, 'use a whole number from 1');
  const folder = await RunFolder.open(files, run);
  checkPlugins(folder, flags.plugin);
  const config = await loadConfig(context, folder.configPath, flags);
  const shape = { channels: imageChannels(config), ...valSize(config) };
  const task = buildTask(config, shape);
  const checkpoint = await new Checkpoints(files, folder.checkpointsPath, 0).evaluationPath(choice);
  const weights = await files.read(checkpoint);
  const decoder = await openDecoders(platform);

  const notice = (message: string) => {
    if (flags.json) output.write(`${JSON.stringify({ event: 'notice', message })}\n`);
    else output.writeError(`${message}\n`);
  };
  const engine = new Engine(await openConfiguredDevice(context, config, notice));
  let allRead = true;
  try {
    const predictor = await Predictor.create(engine, task, shape);
    // The trace of a prediction reads every parameter and every running statistic.
    const metadata = await decodeStates(engine, byName([...task.parameters, ...task.buffers]), weights, checkpoint);
    const names = JSON.parse(metadata.get('classes') ?? '[]') as string[];
    for (const path of paths) {
      try {
        const pixels = networkPixels(config, decoder, await files.read(path), shape);
        const found = await predictor.predict(pixels, top);
        const named = found.map((prediction) => ({ class: className(names, prediction.index), ...prediction }));
        if (flags.json) output.write(`${JSON.stringify({ event: 'prediction', path, top: named })}\n`);
        else output.write(describePrediction(path, named));
      } catch (error) {
        if (!(error instanceof CvnetsError)) throw error;
        allRead = false;
        if (flags.json) output.write(`${JSON.stringify({ event: 'error', path, message: error.message })}\n`);
        else output.writeError(`${path}: ${error.message}\n`);
      }
    }
  } finally {
    await engine.close();
  }
  return allRead;
}

export function imageChannels(config: Config): number {
  return datasetRegistry.find(config['dataset.name'] ?? '')?.channels ?? 3;
}

/** A file as the network saw its validation images. Images of one size, such as digits, were never cropped. */
export function networkPixels(
  config: Config,
  decoder: ImageDecoder,
  file: Uint8Array,
  { channels, height, width }: { channels: number; height: number; width: number },
): Uint8Array {
  const photos = photoTransform(config, 'val') as EvalTransform;
  const transform = channels === 1 ? { ...photos, shortSide: Math.max(height, width) } : photos;
  const image = prepareImage(decoder, file, { height, width, epoch: 0, index: 0, position: 0 }, transform);
  return channels === 1 ? toGray(image) : image.data;
}

/** Luma of ITU-R BT.601 in 16-bit fixed point; gray stays what it is. */
function toGray({ data }: RgbImage): Uint8Array {
  return Uint8Array.from({ length: data.length / 3 }, (_, i) => {
    const [red, green, blue] = data.subarray(3 * i, 3 * i + 3);
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
  });
}

export function describePrediction(path: string, top: readonly NamedPrediction[]): string {
  const widest = Math.max(...top.map((prediction) => prediction.class.length));
  const lines = top.map((prediction, i) => {
    const bar = '█'.repeat(Math.round(BAR * prediction.probability)).padEnd(BAR, '·');
    const text = `  ${prediction.class.padEnd(widest)}  ${bar} ${(100 * prediction.probability).toFixed(1).padStart(5)} %`;
    return i === 0 ? pc.bold(text) : text;
  });
  return `${path}\n${lines.join('\n')}\n`;
}
