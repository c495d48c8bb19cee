import type { Files } from '../../platform/platform.js';
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
  const labels = rows.map(({ label, line }) => {
    const index = classes.indexOf(label);
    if (index >= 0) return index;
    throw new FormatError(`${file}, line ${line}: there is no class ${label}`, `known: ${classes.join(', ')}`);
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
  readonly line: number;
}

async function readList(files: Files, file: string): Promise<Row[]> {
  const [header, ...records] = parseCsv(new TextDecoder().decode(await files.read(file)), file);
  const [path, label] = ['path', 'label'].map((name) => header?.cells.indexOf(name) ?? -1);
  if (path < 0 || label < 0) {
    throw new FormatError(`${file}: the first line is ${header?.cells.join(',') ?? 'empty'}`, 'expected path,label');
  }
  if (records.length === 0) throw new FormatError(`${file} lists no photos`, 'add a row for each');
  return records.map(({ cells, line }) => {
    if (cells.length !== header.cells.length || !cells[path] || !cells[label]) {
      throw new FormatError(`${file}, line ${line}: ${cells.join(',')}`, `expected ${header.cells.join(',')}`);
    }
    return { path: cells[path], label: cells[label], line };
  });
}

/** Records of RFC 4180: commas, line breaks and doubled quotes may stand between quotes. Empty lines are left out. */
function parseCsv(text: string, file: string): { cells: string[]; line: number }[] {
  const records: { cells: string[]; line: number }[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let line = 1;
  let start = line;
  let cells: string[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length || cells.length > 0) {
    cell.lastIndex = at;
    const match = cell.exec(text);
    if (!match) throw new FormatError(`${file}, line ${line}: quotes in the middle of a cell`, 'put quotes around it');
    const [all, quoted, plain, end] = match;
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += all.split('\n').length - 1;
    at += all.length;
    if (end === ',') continue;
    if (cells.length > 1 || cells[0] !== '') records.push({ cells, line: start });
    cells = [];
    start = line;
  }
  return records;
}
