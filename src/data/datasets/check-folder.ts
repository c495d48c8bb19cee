import type { Files } from '../../platform/platform.js';
import { ConfigError, FormatError } from '../../utils/errors.js';
import type { FoundPhoto, Listing } from './check-photos.js';
import { isPhotoDataset, type PhotoDataset, type Split } from './dataset.js';
import type { DatasetSource } from './index.js';

const photo = /\.(jpe?g|png)$/i;

/**
 * Finds every photo below `root/CLASS`, or below `root/train/CLASS` and `root/val/CLASS` when they are there.
 * Throws FormatError when there is no photo at all.
 */
export async function listFolder(files: Files, root: string): Promise<Listing> {
  const top = await files.list(root);
  const splits = ['train', 'val'].filter((name) => top.includes(name));
  const ignored: { path: string; reason: string }[] = [];
  const found: FoundPhoto[] = [];
  for (const split of splits.length > 0 ? splits : ['']) {
    found.push(...(await photosOf(files, split ? `${root}/${split}` : root, split, ignored)));
  }
  for (const name of splits.length > 0 ? top : []) {
    if (splits.includes(name) || name.startsWith('.')) continue;
    ignored.push({ path: `${root}/${name}`, reason: 'lies beside train and val' });
  }
  if (found.length === 0) {
    throw new FormatError(
      `${root} has no photos`,
      'expected CLASS/photo.jpg, in the folder itself or in train and val',
    );
  }
  return { splits, found, ignored };
}

/**
 * Photos of a dataset that finds them by itself. Throws ConfigError when it holds pixels instead of files.
 * @param root what a recipe would say for `dataset.root_train`
 */
export async function listDataset(files: Files, name: string, source: DatasetSource, root: string): Promise<Listing> {
  const classes = await source.classNames?.(files, root, 'train');
  const load = async (split: Split): Promise<PhotoDataset> => {
    const dataset = await source.load(files, root, split, { classes });
    if (isPhotoDataset(dataset)) return dataset;
    throw new ConfigError(`${name} holds pixels, not photos`, 'there are no files to check');
  };
  const train = await load('train');
  const val = await load('val').catch((error) => {
    if (error instanceof FormatError) return undefined;
    throw error;
  });
  // One list for both is split when it is trained on.
  const isSplit = val !== undefined && val.paths.join('\n') !== train.paths.join('\n');
  if (!isSplit) return { splits: [], found: labelled(train, ''), ignored: [] };
  return { splits: ['train', 'val'], found: [...labelled(train, 'train'), ...labelled(val, 'val')], ignored: [] };
}

function labelled({ paths, labels, classes }: PhotoDataset, split: string): FoundPhoto[] {
  const counts = classes.map((_, label) => labels.filter((one) => one === label).length);
  const places = classes.map(() => 0);
  return paths.map((path, i) => {
    const label = labels[i];
    return { path, split, class: classes[label], place: places[label]++, count: counts[label] };
  });
}

async function photosOf(
  files: Files,
  folder: string,
  split: string,
  ignored: { path: string; reason: string }[],
): Promise<FoundPhoto[]> {
  const found: FoundPhoto[] = [];
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`;
    if (name.startsWith('.')) continue;
    const inside = photo.test(name) ? undefined : await listOf(files, path);
    if (!inside) {
      ignored.push({ path, reason: 'lies beside the folders of the classes' });
      continue;
    }
    const photos = inside.filter((file) => photo.test(file) && !file.startsWith('.'));
    if (photos.length === 0) {
      ignored.push({ path, reason: 'a folder without photos' });
      continue;
    }
    for (const file of inside) {
      if (photo.test(file) || file.startsWith('.')) continue;
      ignored.push({ path: `${path}/${file}`, reason: 'its name does not end in .jpg, .jpeg or .png' });
    }
    for (const [place, file] of photos.entries()) {
      found.push({ path: `${path}/${file}`, split, class: name, place, count: photos.length });
    }
  }
  return found;
}

async function listOf(files: Files, path: string): Promise<string[] | undefined> {
  try {
    return await files.list(path);
  } catch {
    return undefined;
  }
}
