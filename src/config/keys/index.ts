import type * as z from 'zod';
import { augmentationKeys } from './augmentation.js';
import { dataKeys } from './data.js';
import { modelKeys } from './model.js';
import { optimKeys } from './optim.js';
import { pretrainedKeys } from './pretrained.js';
import { runKeys } from './run.js';
import { samplerKeys } from './sampler.js';
import { transformerKeys } from './transformers.js';

/** Every key that a recipe may have, with its type, default and meaning. Names are CVNets'. */
export const keys = {
  ...runKeys,
  ...dataKeys,
  ...samplerKeys,
  ...augmentationKeys,
  ...modelKeys,
  ...transformerKeys,
  ...pretrainedKeys,
  ...optimKeys,
};

export type ConfigKey = keyof typeof keys;

/** A resolved configuration: all keys, flat. */
export type Config = { readonly [K in ConfigKey]: z.output<(typeof keys)[K]> };

export const keyNames = Object.keys(keys) as ConfigKey[];
