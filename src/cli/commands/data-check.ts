import pc from 'picocolors';
import { datasetRegistry } from '../../config/build-data.js';
import { listDataset, listFolder } from '../../data/datasets/check-folder.js';
import { type CheckedFile, checkPhotos, type FolderCheck } from '../../data/datasets/check-photos.js';
import { ImageDecoders } from '../../data/images/decoder.js';
import type { RgbImage } from '../../data/images/image.js';
import { JpegDecoder } from '../../data/images/jpeg.js';
import { PngDecoder } from '../../data/images/png.js';
import { centerCrop, shortSideSize } from '../../data/transforms/geometry.js';
import { resize } from '../../data/transforms/resize.js';
import { encodePng } from '../../formats/png.js';
import { drawGrid, type Tile } from '../../train/grid.js';
import type { CommandContext } from '../context.js';
import { formatBytes, formatCount } from '../format.js';
import { makeTable } from '../table.js';

export interface DataCheckFlags {
  readonly json?: boolean;
  readonly headersOnly?: boolean;
  /** File of the contact sheet; false for none. */
  readonly sheet?: string | false;
  /** How recipes name the dataset; by default a folder with one folder a class. */
  readonly dataset?: string;
}

const TILE = 84;
const TILES_A_CLASS = 8;
const MOST_TILES = 240;
const MOST_LISTED = 20;
const BAR = 20;

/** Looks at every photo of a folder, or of another dataset. @returns false when some cannot be read */
export async function dataCheck(context: CommandContext, folder: string, flags: DataCheckFlags): Promise<boolean> {
  const { platform, output } = context;
  const jpeg = await JpegDecoder.create(platform);
  const decoder = new ImageDecoders({ jpeg, png: new PngDecoder() });
  const tiles: Tile[] = [];
  const live = output.isTerminal && !flags.json;
  const root = folder.replace(/(?<=.)\/+$/, '');
  const { files } = platform;
  const listing =
    flags.dataset === undefined
      ? await listFolder(files, root)
      : await listDataset(files, flags.dataset, datasetRegistry.get('--dataset', flags.dataset), root);
  const result = await checkPhotos(files, listing, {
    decoder,
    orientation: (file) => jpeg.header(file).orientation,
    headersOnly: flags.headersOnly,
    onImage(file, image, place, count) {
      if (isShown(place, count) && tiles.length < MOST_TILES) tiles.push(tileOf(file, image));
    },
    onProgress(done, all) {
      if (live && (done % 50 === 0 || done === all)) output.write(`\r\u001b[K${done === all ? '' : `${done}/${all}`}`);
    },
  });
  const sheet = tiles.length > 0 && flags.sheet ? flags.sheet : undefined;
  if (sheet) await platform.files.write(sheet, await encodePng(drawGrid(tiles, TILES_A_CLASS)));
  if (flags.json)
    output.write(`${JSON.stringify({ event: 'end', ...summarizeCheck(result), sheet: sheet ?? null })}\n`);
  else {
    output.write(describeCheck(result));
    if (sheet) output.write(`contact sheet ${pc.cyan(sheet)}\n`);
  }
  return result.files.every(({ problem }) => problem === undefined);
}

/** Eight of each class, spread over it. */
function isShown(place: number, count: number): boolean {
  if (count <= TILES_A_CLASS) return true;
  const turn = Math.ceil((place * TILES_A_CLASS) / count);
  return turn < TILES_A_CLASS && Math.floor((turn * count) / TILES_A_CLASS) === place;
}

function tileOf(file: CheckedFile, image: RgbImage): Tile {
  const size = shortSideSize(image, TILE);
  const { data } = centerCrop(resize(image, Math.max(1, size.height), Math.max(1, size.width)), TILE, TILE);
  return { height: TILE, width: TILE, channels: 3, pixels: data, lines: [file.class] };
}

interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

/** What `--json` prints. */
export function summarizeCheck({ splits, classes, files, ignored }: FolderCheck) {
  const readable = files.filter(({ size }) => size !== undefined);
  const counts = Object.fromEntries(
    (splits.length > 0 ? splits : ['all']).map((split) => {
      const own = files.filter((file) => splits.length === 0 || file.split === split);
      return [split, Object.fromEntries(classes.map((name) => [name, own.filter((f) => f.class === name).length]))];
    }),
  );
  return {
    photos: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    classes: classes.length,
    counts,
    width: spread(readable.map(({ size }) => size!.width)),
    height: spread(readable.map(({ size }) => size!.height)),
    unreadable: files.filter(({ problem }) => problem !== undefined).map(({ path, problem }) => ({ path, problem })),
    odd: files.filter(({ remarks }) => remarks.length > 0).map(({ path, remarks }) => ({ path, remarks })),
    ignored,
  };
}

function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return { least: sorted[0], median: sorted[Math.floor(sorted.length / 2)], most: sorted[sorted.length - 1] };
}

function describeCheck(check: FolderCheck): string {
  const { photos, bytes, classes, counts, width, height, unreadable, odd, ignored } = summarizeCheck(check);
  const splits = Object.keys(counts);
  const table = makeTable(['class', ...splits, 'share'], ['left', ...splits.map(() => 'right' as const), 'left']);
  const totals = check.classes.map((name) => splits.reduce((sum, split) => sum + counts[split][name], 0));
  const most = Math.max(...totals);
  check.classes.forEach((name, i) => {
    const bar = '█'.repeat(Math.max(1, Math.round((BAR * totals[i]) / most))).padEnd(BAR);
    const numbers = splits.map((split) => formatCount(counts[split][name]));
    table.push([name, ...numbers, `${bar} ${((100 * totals[i]) / photos).toFixed(1)} %`]);
  });
  const range = (name: string, values: Spread | null) =>
    values ? `${name} ${values.least} to ${values.most}, half are ${values.median} or less` : '';
  const lines = [
    table.toString(),
    `${formatCount(photos)} photos in ${classes} classes, ${formatBytes(bytes)}`,
    ...(width ? [`${range('width', width)}; ${range('height', height)}`] : []),
    `largest class / smallest class: ${(most / Math.min(...totals)).toFixed(2)}`,
    ...listed(pc.red('cannot be read'), unreadable, ({ path, problem }) => `${path}: ${problem}`),
    ...listed(pc.yellow('odd'), odd, ({ path, remarks }) => `${path} ${remarks.join('; ')}`),
    ...listed(pc.yellow('not used'), ignored, ({ path, reason }) => `${path}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

function listed<T>(title: string, items: readonly T[], describe: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const rest = items.length - MOST_LISTED;
  const more = rest > 0 ? [`  and ${formatCount(rest)} more; --json lists all`] : [];
  return [
    `${title}: ${formatCount(items.length)}`,
    ...items.slice(0, MOST_LISTED).map((x) => `  ${describe(x)}`),
    ...more,
  ];
}
