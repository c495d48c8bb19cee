import type { Files } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import { type ImageDecoder, imageFormat } from '../images/decoder.js';
import type { RgbImage } from '../images/image.js';

/** A file of a folder of photos, and what is wrong with it. */
export interface CheckedFile {
  readonly path: string;
  readonly split: string;
  readonly class: string;
  readonly bytes: number;
  /** Missing when it cannot be read. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Why it cannot be read: a run would skip it. */
  readonly problem?: string;
  /** What a run does not mind but a person should know. */
  readonly remarks: readonly string[];
}

export interface FolderCheck {
  readonly splits: readonly string[];
  /** Classes of all splits, sorted. */
  readonly classes: readonly string[];
  /** Photos, in the order of their paths. */
  readonly files: readonly CheckedFile[];
  /** Things in the folder that no run reads, with the reason. */
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
}

export interface CheckOptions {
  readonly decoder: ImageDecoder;
  /** EXIF orientation of a JPEG, 1 when it is upright. */
  readonly orientation: (file: Uint8Array) => number;
  /** Looks at headers only: faster, but damaged pixels are not found. */
  readonly headersOnly?: boolean;
  /** Is shown every photo that could be decoded, with its place in its class and how many the class has. */
  readonly onImage?: (file: CheckedFile, image: RgbImage, place: number, count: number) => void;
  readonly onProgress?: (done: number, all: number) => void;
}

interface Found {
  readonly path: string;
  readonly split: string;
  readonly class: string;
  readonly place: number;
  readonly count: number;
}

const photo = /\.(jpe?g|png)$/i;
const SMALL = 32;
const LONG = 4;

/**
 * Reads every photo below `root/CLASS`, or below `root/train/CLASS` and `root/val/CLASS` when they are there.
 * Throws FormatError when there is no photo at all.
 */
export async function checkFolder(files: Files, root: string, options: CheckOptions): Promise<FolderCheck> {
  const top = await files.list(root);
  const splits = ['train', 'val'].filter((name) => top.includes(name));
  const ignored: { path: string; reason: string }[] = [];
  const found: Found[] = [];
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
  const seen = new Map<string, Found>();
  const checked: CheckedFile[] = [];
  for (const entry of found) {
    checked.push(await checkFile(await files.read(entry.path), entry, seen, options));
    options.onProgress?.(checked.length, found.length);
  }
  const classes = [...new Set(found.map((entry) => entry.class))].sort();
  return { splits, classes, files: checked, ignored };
}

async function photosOf(
  files: Files,
  folder: string,
  split: string,
  ignored: { path: string; reason: string }[],
): Promise<Found[]> {
  const found: Found[] = [];
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

async function checkFile(
  file: Uint8Array,
  found: Found,
  seen: Map<string, Found>,
  { decoder, orientation, headersOnly, onImage }: CheckOptions,
): Promise<CheckedFile> {
  const entry = { path: found.path, split: found.split, class: found.class, bytes: file.length };
  const remarks = await duplicateRemarks(file, found, seen);
  const format = imageFormat(file);
  const named = /\.png$/i.test(found.path) ? 'png' : 'jpeg';
  if (format && format !== named) remarks.push(`is a ${format.toUpperCase()} file whatever its name says`);
  try {
    // Before the pixels, which stay valid until the decoder's next call only.
    const turned = format === 'jpeg' ? orientation(file) : 1;
    const image = headersOnly ? undefined : decoder.decode(file);
    const { width, height } = image ?? decoder.header(file);
    if (Math.min(width, height) < SMALL) remarks.push(`has ${width}x${height} pixels only`);
    if (Math.max(width, height) > LONG * Math.min(width, height)) remarks.push(`is ${width}x${height}: very long`);
    if (turned !== 1) remarks.push(`has EXIF orientation ${turned}, which is not applied`);
    const checked = { ...entry, size: { width, height }, remarks };
    if (image) onImage?.(checked, image, found.place, found.count);
    return checked;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { ...entry, problem: error.message.split('\n')[0], remarks };
  }
}

/** The same bytes twice weigh double in training, and in both splits they make validation too good. */
async function duplicateRemarks(file: Uint8Array, found: Found, seen: Map<string, Found>): Promise<string[]> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', file as Uint8Array<ArrayBuffer>));
  const key = String.fromCharCode(...digest);
  const first = seen.get(key);
  if (!first) {
    seen.set(key, found);
    return [];
  }
  if (first.split !== found.split) return [`is the same as ${first.path}: validation would test what was trained on`];
  if (first.class !== found.class) return [`is the same as ${first.path}, which has another class`];
  return [`is the same as ${first.path}`];
}
