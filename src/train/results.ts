import type { Files } from '../platform/platform.js';
import { FormatError } from '../utils/errors.js';

/**
 * One epoch. Losses are means over images, top-1 and top-5 percent, seconds wall time with validation. The last three
 * are about training alone: how long it stood still because no batch was ready, and because the device had not
 * finished, and what decoding and transforming images took of the threads that do it, all together.
 */
export interface EpochResult {
  readonly epoch: number;
  readonly updates: number;
  readonly lr: number;
  readonly train_loss: number;
  readonly train_top1: number;
  readonly val_loss: number;
  readonly val_top1: number;
  readonly val_top5: number;
  readonly images_per_second: number;
  readonly seconds: number;
  readonly data_wait_seconds: number;
  readonly device_wait_seconds: number;
  readonly decode_seconds: number;
}

export const resultColumns = [
  'epoch',
  'updates',
  'lr',
  'train_loss',
  'train_top1',
  'val_loss',
  'val_top1',
  'val_top5',
  'images_per_second',
  'seconds',
  'data_wait_seconds',
  'device_wait_seconds',
  'decode_seconds',
] as const satisfies readonly (keyof EpochResult)[];

const digits: Partial<Record<keyof EpochResult, number>> = {
  lr: 8,
  train_loss: 6,
  train_top1: 4,
  val_loss: 6,
  val_top1: 4,
  val_top5: 4,
  images_per_second: 1,
  seconds: 2,
  data_wait_seconds: 2,
  device_wait_seconds: 2,
  decode_seconds: 2,
};

/** Before the waits were written. */
const EARLIEST_COLUMNS = resultColumns.indexOf('data_wait_seconds');
const header = resultColumns.join(',');

function formatRow(result: EpochResult): string {
  return resultColumns.map((column) => `${Number(result[column].toFixed(digits[column] ?? 0))}`).join(',');
}

/**
 * Reads what `ResultsFile` wrote; what an earlier version did not write, its last columns, is NaN. Throws FormatError
 * for another header or a broken row.
 */
export function parseResults(text: string, name = 'results.csv'): EpochResult[] {
  const [first, ...rows] = text.split('\n').filter(Boolean);
  const columns = first?.split(',').length ?? 0;
  if (columns < EARLIEST_COLUMNS || resultColumns.slice(0, columns).join(',') !== first) {
    throw new FormatError(`${name} starts with ${first}`, `expected ${header}`);
  }
  return rows.map((row, i) => {
    const values = row.split(',').map(Number);
    if (values.length !== columns) throw new FormatError(`${name}: row ${i + 2} is ${row}`, 'remove it');
    return Object.fromEntries(
      resultColumns.map((column, j) => [column, values[j] ?? Number.NaN]),
    ) as unknown as EpochResult;
  });
}

/** `results.csv`: one row an epoch, on the disk before training goes on. */
export class ResultsFile {
  #rows: EpochResult[] = [];

  private constructor(
    private readonly files: Files,
    private readonly path: string,
  ) {}

  /** Starts the file, or continues one and drops rows from `nextEpoch` on: a crash may have written one too many. */
  static async open(files: Files, path: string, nextEpoch: number): Promise<ResultsFile> {
    const results = new ResultsFile(files, path);
    if (await files.exists(path)) {
      const text = new TextDecoder().decode(await files.read(path));
      results.#rows = parseResults(text, path).filter(({ epoch }) => epoch < nextEpoch);
    }
    await files.write(path, [header, ...results.#rows.map(formatRow), ''].join('\n'));
    return results;
  }

  get rows(): readonly EpochResult[] {
    return this.#rows;
  }

  async add(row: EpochResult): Promise<void> {
    this.#rows.push(row);
    await this.files.append(this.path, `${formatRow(row)}\n`);
  }
}
