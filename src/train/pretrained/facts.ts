import { type Variant, variantNames } from '../../models/classification/variants/index.js';

/** Metadata of files that this library writes: the keys of the network that made them, and its answer to a fixed image. */
export const MODEL_FACT = 'model';
export const FINGERPRINT_FACT = 'fingerprint';

const evaluation = /^image_augmentation\.(to_tensor|center_crop|resize)\./;
const training = /^model\.(classification\.(pretrained|freeze_batch_norm)|\w+_scopes(_map)?|freeze_modules)$/;

/** Keys that say what a network is and what it is fed with, and nothing of how it is trained. */
export const isNetworkKey = (key: string): boolean =>
  evaluation.test(key) || (key.startsWith('model.') && !training.test(key));

/** The variant that a file says it is for; some tell their padding in words. */
export function storedVariant(metadata: ReadonlyMap<string, string>): Variant | undefined {
  const model = storedSettings(metadata)?.['model.classification.variant'];
  const named = variantNames.find((name) => name === (model ?? metadata.get('variant')));
  if (named) return named;
  return /tensorflow|\bsame\b/i.test(metadata.get('padding') ?? '') ? 'tensorflow' : undefined;
}

/** The activation that a file says its network has. */
export function storedActivation(metadata: ReadonlyMap<string, string>): string | undefined {
  const settings = storedSettings(metadata) ?? {};
  const keys = ['model.classification.activation.name', 'model.activation.name'];
  const named = keys.map((key) => settings[key]).find((value) => typeof value === 'string');
  return typeof named === 'string' ? named : metadata.get('activation');
}

/** Keys of the network that wrote a file, when it says so; a file may set no others. */
export function storedSettings(metadata: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> | undefined {
  const text = metadata.get(MODEL_FACT);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value).filter(([key]) => isNetworkKey(key)));
  } catch {
    return undefined;
  }
}
