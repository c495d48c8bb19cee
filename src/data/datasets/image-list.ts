import type { Files } from '../../platform/platform.js';
import { parseCsv } from '../../utils/csv.js';
import { FormatError } from '../../utils/errors.js';
import type { PhotoDataset, Split } from './dataset.js';
import type { ImageFolderOptions } from './image-folder.js';

/**
 * Photos that a CSV file lists: a header with the columns `path` and `label`, then a row for each photo. Paths are
 * relative to the file's folder. A label is the name of a class; classes are numbered in alphabetical order.
 * @param root the file itself, or a folder with `train.csv` and `val.csv`
 * Throws FormatError that names the row which cannot be understood.
 */
export async function loadImageList(
  files: Files,
  root: string,
  split: Split,
  { classes: known }: ImageFolderOptions = {},
): Promise<PhotoDataset> {
  const file = listFile(root, split);
  const folder = file.slice(0, Math.max(0, file.lastIndexOf('/') + 1));
  const rows = await readList(files, file);
  const classes = known ?? [...new Set(rows.map(({ label }) => label))].sort();
  const labels = rows.map(({ label, number }) => {
    const index = classes.indexOf(label);
    if (index >= 0) return index;
    throw new FormatError(`${file}, row ${number}: there is no class ${label}`, `known: ${classes.join(', ')}`);
  });
  return {
    name: file,
    length: rows.length,
    classes,
    channels: 3,
    labels: Int32Array.from(labels),
    paths: rows.map(({ path }) => (path.startsWith('/') ? path : folder + path)),
  };
}

/** Classes of the list in the order of their numbers. */
export async function listedClasses(files: Files, root: string, split: Split): Promise<string[]> {
  return [...new Set((await readList(files, listFile(root, split))).map(({ label }) => label))].sort();
}

const listFile = (root: string, split: Split) => (/\.csv$/i.test(root) ? root : `${root}/${split}.csv`);

interface Row {
  readonly path: string;
  readonly label: string;
  /** Counted from 1 behind the header. */
  readonly number: number;
}

async function readList(files: Files, file: string): Promise<Row[]> {
  const text = new TextDecoder().decode(await files.read(file));
  const [header = [], ...rows] = parseCsv(text);
  const [path, label] = ['path', 'label'].map((name) => header.indexOf(name));
  if (path < 0 || label < 0) {
    throw new FormatError(`${file}: the header is ${header.join(',') || 'empty'}`, 'expected path,label');
  }
  if (rows.length === 0) throw new FormatError(`${file} lists no photos`, 'add a row for each');
  return rows.map((cells, i) => {
    if (cells.length !== header.length || !cells[path] || !cells[label]) {
      throw new FormatError(`${file}, row ${i + 1}: ${cells.join(',')}`, `expected ${header.join(',')}`);
    }
    return { path: cells[path], label: cells[label], number: i + 1 };
  });
}
