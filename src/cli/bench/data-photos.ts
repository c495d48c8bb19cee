import type { PhotoDataset } from '../../data/datasets/dataset.js';
import { loadImageFolder } from '../../data/datasets/image-folder.js';
import type { RgbImage } from '../../data/images/image.js';
import { resize } from '../../data/transforms/resize.js';
import { memoryFiles } from '../../platform/memory-files.js';
import type { Files } from '../../platform/platform.js';
import { MersenneTwister } from '../../utils/mersenne-twister.js';
import { encodeJpeg } from './data-jpeg.js';

export interface Photos {
  readonly files: Files;
  readonly dataset: PhotoDataset;
}

/** Photos that the suite `data` reads. */
export interface PhotoSet {
  /** For the names of cases. */
  readonly name: string;
  load(): Promise<Photos>;
}

/** Photos of a folder. */
export function folderSet(files: Files, folder: string, most: number): PhotoSet {
  const name = folder.split('/').filter(Boolean).at(-1) ?? folder;
  return { name, load: once(() => folderPhotos(files, folder, most)) };
}

/** Made photos whose shorter side is `side`. */
export function generatedSet(side: number, count: number): PhotoSet {
  return { name: `generated, ${side} px`, load: once(() => generatedPhotos(side, count)) };
}

/** Does a task when it is asked for, and only once. */
export function once<T>(task: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= task();
    return result;
  };
}

/** Photos of a folder, as `image_folder` finds them, evenly spaced ones when there are more than `most`. */
export async function folderPhotos(files: Files, folder: string, most: number): Promise<Photos> {
  const all = await loadImageFolder(files, folder, 'train');
  const count = Math.min(most, all.length);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * all.length) / count));
  const dataset: PhotoDataset = {
    ...all,
    length: count,
    labels: Int32Array.from(chosen, (index) => all.labels[index]),
    paths: chosen.map((index) => all.paths[index]),
  };
  return { files, dataset };
}

const QUALITY = 90;

/** Made photos, of two classes: the same on every machine. */
export async function generatedPhotos(side: number, count: number): Promise<Photos> {
  const files = memoryFiles();
  const random = new MersenneTwister(side);
  for (let i = 0; i < count; i++) {
    const [width, height] = i % 3 === 0 ? [side, Math.round(1.3 * side)] : [Math.round(1.4 * side), side];
    await files.write(`generated/${'ab'[i % 2]}/${i}.jpg`, encodeJpeg(picture(width, height, random), QUALITY));
  }
  return { files, dataset: await loadImageFolder(files, 'generated', 'train') };
}

/** How coarse noise is, in pixels, and how strong: about as spectra of photographs fall off. */
const octaves = [
  { pixels: 80, strength: 0.6 },
  { pixels: 20, strength: 0.25 },
  { pixels: 5, strength: 0.1 },
  { pixels: 1, strength: 0.05 },
];

/** Soft shapes with grain, and an edge across. */
function picture(width: number, height: number, random: MersenneTwister): RgbImage {
  const sum = new Float32Array(width * height * 3);
  for (const { pixels, strength } of octaves) {
    const [w, h] = [width, height].map((side) => Math.max(2, Math.ceil(side / pixels)));
    const noise = Uint8Array.from({ length: w * h * 3 }, () => random.below(256));
    const { data } = resize({ width: w, height: h, channels: 3, data: noise }, height, width, 'bicubic');
    for (let i = 0; i < sum.length; i++) sum[i] += strength * data[i];
  }
  const [at, slope, step] = [random.random(), random.uniform(-0.5, 0.5), random.uniform(-60, 60)];
  const data = Uint8Array.from(sum, (value, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return Math.min(255, Math.max(0, value + (x > at * width + slope * y ? step : 0)));
  });
  return { width, height, channels: 3, data };
}
