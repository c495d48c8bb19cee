import { MersenneTwister } from '../../utils/mersenne-twister.js';
import { type Dataset, isPhotoDataset } from './dataset.js';

/** A share of the images, chosen by a seed, in their original order. `percent` 100 gives the dataset itself. */
export function subset(dataset: Dataset, percent: number, seed: number): Dataset {
  const length = Math.max(1, Math.round((dataset.length * percent) / 100));
  if (length >= dataset.length) return dataset;
  const order = Uint32Array.from({ length: dataset.length }, (_, i) => i);
  new MersenneTwister(seed).shuffle(order);
  const chosen = order.slice(0, length).sort();
  const part = {
    name: `${dataset.name} (${length} of ${dataset.length})`,
    length,
    labels: Int32Array.from(chosen, (index) => dataset.labels[index]),
  };
  return isPhotoDataset(dataset)
    ? { ...dataset, ...part, paths: Array.from(chosen, (index) => dataset.paths[index]) }
    : { ...dataset, ...part, write: (index, output) => dataset.write(chosen[index], output) };
}
