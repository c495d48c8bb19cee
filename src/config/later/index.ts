import type * as z from 'zod';
import { ignoredKeys } from '../ignored.js';
import { keys } from '../keys/index.js';
import { augmentationFeatures } from './augmentation.js';
import type { Feature, Schemas } from './feature.js';
import { networkFeatures } from './networks.js';
import { runFeatures } from './run.js';
import { taskFeatures } from './tasks.js';

const listed = [...networkFeatures, ...taskFeatures, ...augmentationFeatures, ...runFeatures];

/** What CVNets has and this library does not have yet. */
export const features: readonly Feature[] = [
  ...listed,
  {
    name: 'distillation',
    switch: { key: 'loss.category', is: 'distillation' },
    keys: copies('model.', 'teacher.model.'),
  },
  {
    name: 'video',
    switch: { key: 'common.inference_modality', is: 'video' },
    keys: copies('image_augmentation.', 'frame_augmentation.'),
  },
];

const byKey = new Map(features.flatMap((feature) => Object.keys(feature.keys).map((key) => [key, feature] as const)));

/** The feature that a key belongs to, if it is not there yet. */
export const featureOf = (key: string): Feature | undefined => byKey.get(key);

/** All names that a recipe may use, whether they have an effect or not. */
export const knownNames: readonly string[] = [...Object.keys(keys), ...Object.keys(ignoredKeys), ...byKey.keys()];

/** Type and default of a key, or undefined when CVNets and this library have none of that name. */
export function schemaOf(key: string): z.ZodType | undefined {
  if (Object.hasOwn(keys, key)) return keys[key as keyof typeof keys];
  return Object.hasOwn(ignoredKeys, key) ? ignoredKeys[key] : byKey.get(key)?.keys[key];
}

/** CVNets repeats the keys of some groups for a second network, or for the frames of videos. */
function copies(prefix: string, copy: string): Schemas {
  const all: [string, z.ZodType][] = [keys, ignoredKeys, ...listed.map((feature) => feature.keys)].flatMap((schemas) =>
    Object.entries(schemas),
  );
  const chosen = all.filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(chosen.map(([key, schema]) => [copy + key.slice(prefix.length), schema]));
}
