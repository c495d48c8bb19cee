import type { Files } from '../platform/platform.js';
import { FormatError } from '../utils/errors.js';

/** One epoch. Losses are means over images, top-1 and top-5 percent, seconds wall time with validation. */
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
};

const header = resultColumns.join(',');

function formatRow(result: EpochResult): string {
  return resultColumns.map((column) => `${Number(result[column].toFixed(digits[column] ?? 0))}`).join(',');
}

/** Reads what `ResultsFile` wrote. Throws FormatError for another header or a broken row. */
export function parseResults(text: string, name = 'results.csv'): EpochResult[] {
  const [first, ...rows] = text.split('\n').filter(Boolean);
  if (first !== header) throw new FormatError(`${name} starts with ${first}`, `expected ${header}`);
  return rows.map((row, i) => {
    const values = row.split(',').map(Number);
    if (values.length !== resultColumns.length) throw new FormatError(`${name}: row ${i + 2} is ${row}`, 'remove it');
    return Object.fromEntries(resultColumns.map((column, j) => [column, values[j]])) as unknown as EpochResult;
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
