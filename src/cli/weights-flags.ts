import type { Setting } from '../config/yaml.js';
import { type Variant, variantNames } from '../models/classification/variants/index.js';
import { factKeys } from '../train/pretrained/identify.js';
import { ConfigError } from '../utils/errors.js';
import { suggestion } from '../utils/suggest.js';

/** Options of commands that start from a file of weights. */
export interface WeightsFlags {
  readonly weights?: string;
  readonly from?: string;
}

/** `--weights FILE --from VARIANT` as settings of a recipe; they count more than those of its file. */
export function weightsSettings({ weights, from }: WeightsFlags): Setting[] {
  const settings: Setting[] = [];
  if (weights !== undefined)
    settings.push({ key: 'model.classification.pretrained', value: weights, where: '--weights' });
  const variant = variantOf(from);
  if (variant) settings.push({ key: 'model.classification.variant', value: variant, where: '--from' });
  return settings;
}

/** What a recipe that starts from weights is meant with, unless it says otherwise: activation, scaling of pixels. */
export function variantDefaults(settings: readonly Setting[]): Setting[] {
  const last = (key: string) => settings.findLast((setting) => setting.key === key)?.value;
  const [network, pretrained] = [last('model.classification.name'), last('model.classification.pretrained')];
  const variant = variantNames.find((name) => name === (last('model.classification.variant') ?? 'cvnets'));
  if (typeof network !== 'string' || typeof pretrained !== 'string' || !variant) return [];
  return toSettings(factKeys(network, variant), `--from ${variant}`);
}

/** The variant that `--from` names. Throws ConfigError with the nearest name. */
export function variantOf(from: string | undefined): Variant | undefined {
  if (from === undefined) return undefined;
  const found = variantNames.find((name) => name === from);
  if (found) return found;
  throw new ConfigError(`--from is ${from}`, suggestion(from, variantNames));
}

/** Keys as settings that `where` gave. */
export const toSettings = (keys: Readonly<Record<string, unknown>>, where: string): Setting[] =>
  Object.entries(keys).map(([key, value]) => ({ key, value, where }));
