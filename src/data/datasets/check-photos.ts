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

/** A photo that was found, not read yet. */
export interface FoundPhoto {
  readonly path: string;
  readonly split: string;
  readonly class: string;
  /** Counted from 0 among those of its class and split, of which there are `count`. */
  readonly place: number;
  readonly count: number;
}

/** What there is to check. */
export interface Listing {
  /** `train` and `val`, or nothing when they are not told apart. */
  readonly splits: readonly string[];
  readonly found: readonly FoundPhoto[];
  readonly ignored: FolderCheck['ignored'];
}

const SMALL = 32;
const LONG = 4;

/** Reads every photo of a list. */
export async function checkPhotos(
  files: Files,
  { splits, found, ignored }: Listing,
  options: CheckOptions,
): Promise<FolderCheck> {
  const seen = new Map<string, FoundPhoto>();
  const checked: CheckedFile[] = [];
  for (const entry of found) {
    checked.push(await checkFile(await files.read(entry.path), entry, seen, options));
    options.onProgress?.(checked.length, found.length);
  }
  const classes = [...new Set(found.map((entry) => entry.class))].sort();
  return { splits, classes, files: checked, ignored };
}

async function checkFile(
  file: Uint8Array,
  found: FoundPhoto,
  seen: Map<string, FoundPhoto>,
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
async function duplicateRemarks(file: Uint8Array, found: FoundPhoto, seen: Map<string, FoundPhoto>): Promise<string[]> {
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
