import { datasetRegistry } from '../config/build-data.js';
import type { Config } from '../config/keys/index.js';

/** Channels of a dataset's images: 3 unless it says otherwise. */
export function imageChannels(config: Config): number {
  return datasetRegistry.find(config['dataset.name'] ?? '')?.channels ?? 3;
}
