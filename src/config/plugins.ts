import type { Dataset } from '../data/datasets/dataset.js';
import type { DatasetSource } from '../data/datasets/index.js';
import type { ClassificationOptions } from '../models/classification/model.js';
import { Module } from '../nn/module.js';
import { ConfigError } from '../utils/errors.js';
import { datasetRegistry } from './build-data.js';
import { common, type ImageShape, modelRegistry } from './build-model.js';
import { laterValues } from './later/values.js';

/** Makes a network for images of a shape; the options are those of every network, out of the recipe. */
export type ModelBuilder = (options: ClassificationOptions, image: ImageShape) => Module;

/** What a plugin is given. Names are those that recipes use: small letters, digits and `_`. */
export interface PluginHost {
  /** For `dataset.name`. */
  registerDataset(name: string, source: DatasetSource): void;
  /** For `model.classification.name`. */
  registerModel(name: string, build: ModelBuilder): void;
}

/** The default export of a plugin. */
export type Plugin = (host: PluginHost) => void | Promise<void>;

const EXAMPLE = "export default ({ registerDataset }) => registerDataset('name', { channels: 3, load })";

/**
 * Lets a loaded module register what it has. Throws ConfigError that names the file and what it lacks.
 * @param file for messages
 */
export async function usePlugin(file: string, module: { readonly default?: unknown }): Promise<void> {
  const fail = (what: string, hint: string): never => {
    throw new ConfigError(`plugin ${file}: ${what}`, hint);
  };
  if (typeof module.default !== 'function') return fail('it has no function as default export', `write ${EXAMPLE}`);
  let registered = 0;
  const checkName = (key: string, name: string) => {
    registered++;
    if (Object.hasOwn(laterValues[key], name)) fail(`'${name}' is a name of CVNets`, 'choose another one');
  };
  const host: PluginHost = {
    registerDataset(name, source) {
      checkName('dataset.name', name);
      if (typeof source?.load !== 'function') fail(`dataset '${name}' has no function load`, `write ${EXAMPLE}`);
      if (source.channels !== 1 && source.channels !== 3) {
        fail(`dataset '${name}' has channels: ${source.channels}`, 'say 1 for gray or 3 for colour');
      }
      const load: DatasetSource['load'] = async (...args) => {
        const dataset = await source.load(...args);
        const problem = datasetProblem(dataset, source.channels);
        return problem ? fail(`dataset '${name}' loads something that ${problem}`, DATASET_HINT) : dataset;
      };
      datasetRegistry.register(name, { ...source, load });
    },
    registerModel(name, build) {
      checkName('model.classification.name', name);
      if (typeof build !== 'function') fail(`network '${name}' is no function`, 'give (options, image) => Module');
      modelRegistry.register(name, (config, image) => {
        const model = build(common(config), image);
        if (model instanceof Module) return model;
        return fail(`network '${name}' is no Module of this copy of cvnets`, "import { Module } from 'cvnets'");
      });
    },
  };
  try {
    await (module.default as Plugin)(host);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.startsWith('plugin ')) throw error;
    throw new ConfigError(`plugin ${file}: ${message}`);
  }
  if (registered === 0) fail('it registers nothing', `write ${EXAMPLE}`);
}

const DATASET_HINT =
  'it needs name, length, classes, channels, labels, and paths (files of photos) or fixedSize and write (pixels)';

/** What a dataset of a plugin lacks, as the end of a sentence. */
function datasetProblem(dataset: Partial<Dataset> | null | undefined, channels: number): string | undefined {
  if (typeof dataset !== 'object' || dataset === null) return 'is no dataset';
  const { name, length, classes, labels } = dataset;
  if (typeof name !== 'string') return 'has no name';
  if (!Number.isInteger(length) || length! < 1) return `has length ${length}`;
  if (!Array.isArray(classes) || classes.length === 0) return 'has no list of classes';
  if (dataset.channels !== channels) return `has ${dataset.channels} channels instead of ${channels}`;
  if (!(labels instanceof Int32Array)) return 'has no Int32Array of labels';
  if (labels.length !== length) return `has ${labels.length} labels for ${length} images`;
  const wrong = labels.find((label) => label < 0 || label >= classes.length);
  if (wrong !== undefined) return `has the label ${wrong}, but ${classes.length} classes`;
  if ('paths' in dataset) {
    return dataset.paths?.length === length ? undefined : `has ${dataset.paths?.length} paths for ${length} images`;
  }
  if (typeof (dataset as { write?: unknown }).write !== 'function') return 'has neither paths nor a function write';
  return dataset.fixedSize ? undefined : 'has no fixedSize';
}
