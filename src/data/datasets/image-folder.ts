import type { Files } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import { MersenneTwister } from '../../utils/mersenne-twister.js';
import type { PhotoDataset, Split } from './dataset.js';

export interface ImageFolderOptions {
  /** The folder has both splits, mixed: this share of each class is for validation, chosen by the seed. */
  readonly split?: { readonly valShare: number; readonly seed: number };
  /** Classes in the order of their numbers; without it, the folders' names, sorted. */
  readonly classes?: readonly string[];
}

const photo = /\.(jpe?g|png)$/i;

/**
 * Photos in one folder a class: `root/CLASS/photo.jpg`, or below `root/train` and `root/val` when they are there.
 * Throws FormatError when there are no photos, or a folder that is none of the given classes.
 */
export async function loadImageFolder(
  files: Files,
  root: string,
  split: Split,
  options: ImageFolderOptions = {},
): Promise<PhotoDataset> {
  const { folder, isSplit } = await folderOf(files, root, split);
  const found = await classFolders(files, folder);
  const classes = options.classes ?? [...found.keys()];
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [name, photos] of found) {
    const label = classes.indexOf(name);
    if (label < 0) {
      throw new FormatError(
        `${root}: there is a folder ${name}, but no class of that name`,
        `known: ${classes.join(', ')}`,
      );
    }
    const chosen = isSplit || !options.split ? photos : chooseSplit(photos, split, options.split);
    paths.push(...chosen);
    labels.push(...chosen.map(() => label));
  }
  if (paths.length === 0) {
    throw new FormatError(
      `${folder}: no photos for ${split}`,
      'expected CLASS/photo.jpg: one folder for each class with .jpg, .jpeg or .png files',
    );
  }
  return {
    name: `${root} ${split}`,
    length: paths.length,
    classes,
    channels: 3,
    labels: Int32Array.from(labels),
    paths,
  };
}

/** Classes of a folder in the order of their numbers. */
export async function classNames(files: Files, root: string, split: Split): Promise<string[]> {
  return [...(await classFolders(files, (await folderOf(files, root, split)).folder)).keys()];
}

async function folderOf(files: Files, root: string, split: Split): Promise<{ folder: string; isSplit: boolean }> {
  const own = `${root}/${split}`;
  return (await files.exists(own)) ? { folder: own, isSplit: true } : { folder: root, isSplit: false };
}

/** Folders with photos in them, sorted by name, as a list of paths each. */
async function classFolders(files: Files, root: string): Promise<Map<string, string[]>> {
  const folders = new Map<string, string[]>();
  for (const name of await files.list(root)) {
    const photos = name.startsWith('.') || photo.test(name) ? undefined : await photosIn(files, `${root}/${name}`);
    if (photos) folders.set(name, photos);
  }
  return folders;
}

/** Sorted paths of the photos in a folder; undefined when it is no folder, or has none. */
async function photosIn(files: Files, folder: string): Promise<string[] | undefined> {
  let names: string[];
  try {
    names = await files.list(folder);
  } catch {
    return undefined;
  }
  const photos = names.filter((name) => photo.test(name) && !name.startsWith('.'));
  return photos.length > 0 ? photos.map((name) => `${folder}/${name}`) : undefined;
}

function chooseSplit(photos: string[], split: Split, { valShare, seed }: { valShare: number; seed: number }): string[] {
  const shuffled = photos.slice();
  new MersenneTwister(seed).shuffle(shuffled);
  const val = new Set(shuffled.slice(0, Math.round(photos.length * valShare)));
  return photos.filter((path) => val.has(path) === (split === 'val'));
}
