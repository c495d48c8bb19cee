import type { ImageBatch } from '../data/batch.js';
import { encodePng } from '../formats/png.js';
import { confusionCsv, confusionSvg } from './confusion.js';
import { drawGrid, type Tile } from './grid.js';
import type { RunFolder } from './run-folder.js';
import type { SampleStatistics } from './samples.js';

/** Pictures of a run folder, in the order in which a report shows them. */
export const pictureFiles = {
  curves: 'curves.svg',
  confusion: 'confusion_matrix.svg',
  trainBatch: 'train_batch.png',
  mistakes: 'worst_mistakes.png',
} as const;

const MOST_TILES = 32;

/** `train_batch.png`: the first training images as the network gets them, with their classes. */
export async function writeTrainBatch(folder: RunFolder, batch: ImageBatch, names: readonly string[]): Promise<void> {
  const { height, width, channels, image, target } = batch;
  const bytes = height * width * channels;
  const tiles = Array.from({ length: Math.min(MOST_TILES, batch.size) }, (_, i): Tile => {
    const pixels = image.subarray(i * bytes, (i + 1) * bytes);
    return { height, width, channels, pixels, lines: [className(names, target[i])] };
  });
  await folder.files.write(`${folder.path}/${pictureFiles.trainBatch}`, await encodePng(drawGrid(tiles)));
}

/** Confusion matrix as CSV and SVG, and `worst_mistakes.png`: truth, answer with its probability, loss. */
export async function writeSamples(
  folder: RunFolder,
  samples: SampleStatistics,
  names: readonly string[],
): Promise<void> {
  const { files, path } = folder;
  const classes = Array.from({ length: samples.classes }, (_, i) => className(names, i));
  const confusion = { classes, counts: samples.confusion };
  await files.write(`${path}/confusion_matrix.csv`, confusionCsv(confusion));
  await files.write(`${path}/${pictureFiles.confusion}`, confusionSvg(path, confusion));
  const tiles = samples.mistakes.slice(0, MOST_TILES).map(({ target, predicted, probability, loss, ...image }) => ({
    ...image,
    lines: [
      `is ${className(names, target)}`,
      `${(100 * probability).toFixed(0)}% ${className(names, predicted)}`,
      `loss ${loss.toFixed(2)}`,
    ],
  }));
  await files.write(`${path}/${pictureFiles.mistakes}`, await encodePng(drawGrid(tiles)));
}

/** A network may have more classes than its dataset. */
export function className(names: readonly string[], index: number): string {
  return names[index] ?? `class ${index}`;
}
