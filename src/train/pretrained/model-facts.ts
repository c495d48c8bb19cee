import { valSize } from '../../config/build-sampler.js';
import { type Config, type ConfigKey, keyNames, keys } from '../../config/keys/index.js';
import { isNetworkKey, MODEL_FACT } from './facts.js';

/** What a network needs to be built again: metadata of its weights, so that the file alone can be used. */
export function modelFacts(config: Config): Record<string, string> {
  const changed = keyNames.filter((key) => isNetworkKey(key) && !isDefault(config, key));
  const settings: Record<string, unknown> = Object.fromEntries(changed.map((key) => [key, config[key]]));
  const { height, width } = valSize(config);
  if (height === width) {
    settings['image_augmentation.center_crop.enable'] = true;
    settings['image_augmentation.center_crop.size'] = height;
  }
  return { [MODEL_FACT]: JSON.stringify(settings) };
}

const isDefault = (config: Config, key: ConfigKey): boolean =>
  JSON.stringify(config[key]) === JSON.stringify(keys[key].parse(undefined));
