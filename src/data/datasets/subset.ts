import { MersenneTwister } from '../../utils/mersenne-twister.js';
import type { ImageDataset } from './dataset.js';

/** A share of the images, chosen by a seed, in their original order. `percent` 100 gives the dataset itself. */
export function subset(dataset: ImageDataset, percent: number, seed: number): ImageDataset {
  const length = Math.max(1, Math.round((dataset.length * percent) / 100));
  if (length >= dataset.length) return dataset;
  const order = Uint32Array.from({ length: dataset.length }, (_, i) => i);
  new MersenneTwister(seed).shuffle(order);
  const chosen = order.slice(0, length).sort();
  return {
    ...dataset,
    name: `${dataset.name} (${length} of ${dataset.length})`,
    length,
    labels: Int32Array.from(chosen, (index) => dataset.labels[index]),
    write: (index, output) => dataset.write(chosen[index], output),
  };
}
