import pc from 'picocolors';
import { photoTransform } from '../../config/build-photos.js';
import type { Config } from '../../config/keys/index.js';
import type { ImageDecoder } from '../../data/images/decoder.js';
import type { RgbImage } from '../../data/images/image.js';
import { type EvalTransform, prepareImage } from '../../data/transforms/augment.js';
import type { Files } from '../../platform/platform.js';
import { className } from '../../train/pictures.js';
import { type Prediction, Predictor } from '../../train/predictor.js';
import { ConfigError, CvnetsError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { openDecoders } from '../decoders.js';
import { type ModelFlags, openModel } from '../loaded-model.js';

export interface PredictFlags extends ModelFlags {
  readonly top?: string;
  /** File of class names, one a line. */
  readonly labels?: string;
}

interface NamedPrediction extends Prediction {
  readonly class: string;
}

const BAR = 24;

/**
 * Says what is in each picture: the likeliest classes.
 * @param target run folder, or file of weights
 * @returns false when a file could not be read
 */
export async function predict(
  context: CommandContext,
  target: string,
  paths: readonly string[],
  flags: PredictFlags,
): Promise<boolean> {
  const { platform, output } = context;
  const { files } = platform;
  if (paths.length === 0)
    throw new ConfigError('predict needs pictures', 'name JPEG or PNG files after the run folder');
  const top = Number(flags.top ?? 5);
  if (!Number.isInteger(top) || top < 1) throw new ConfigError(`--top is ${flags.top}`, 'use a whole number from 1');
  const notice = (message: string) => {
    if (flags.json) output.write(`${JSON.stringify({ event: 'notice', message })}\n`);
    else output.writeError(`${message}\n`);
  };
  const decoder = await openDecoders(platform);
  const { engine, task, config, image: shape, classes } = await openModel(context, target, flags, notice);
  let allRead = true;
  try {
    const predictor = await Predictor.create(engine, task, shape);
    const names = flags.labels === undefined ? classes : await readLabels(files, flags.labels, task.classes);
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

/** Names of the classes, one a line. A first line `background` that the network has no class for is left out. */
async function readLabels(files: Files, path: string, classes: number): Promise<string[]> {
  const text = new TextDecoder().decode(await files.read(path));
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  const names = lines.length === classes + 1 && lines[0] === 'background' ? lines.slice(1) : lines;
  if (names.length === classes) return names;
  throw new ConfigError(`${path} has ${lines.length} labels, the network ${classes} classes`, 'give one label a line');
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
