import { FormatError } from '../../utils/errors.js';
import { type BenchRow, ratioOf, units } from './row.js';

export interface Change {
  readonly row: BenchRow;
  readonly before: number;
  /** Above 1: better than before. */
  readonly ratio: number;
}

export interface BaselineComparison {
  readonly regressions: readonly Change[];
  readonly improvements: readonly Change[];
  /** Rows of the baseline that were not measured now, and the other way round. */
  readonly gone: number;
  readonly added: number;
}

/** Changes up to this ratio count as noise, unless the rounds of a row spread further. */
const NOISE = 1.05;

/** The rows of an older `--json`. Throws FormatError when the text is something else. */
export function parseRows(text: string, path: string): BenchRow[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    throw new FormatError(`${path} is no JSON`, 'give a file that `cvnets bench --json` wrote');
  }
  const isRow = (row: unknown): boolean => {
    const { suite, metric, unit, ours } = (row ?? {}) as Partial<BenchRow>;
    return (
      typeof suite === 'string' &&
      typeof metric === 'string' &&
      Object.hasOwn(units, unit ?? '') &&
      Number.isFinite(ours)
    );
  };
  if (!Array.isArray(rows) || !rows.every(isRow)) {
    throw new FormatError(`${path} holds no rows of a benchmark`, 'give a file that `cvnets bench --json` wrote');
  }
  return rows as BenchRow[];
}

/** Compares our values with those of an older run of the same cases on the same device. */
export function compareWithBaseline(rows: readonly BenchRow[], baseline: readonly BenchRow[]): BaselineComparison {
  const [now, before] = [byKey(rows), byKey(baseline)];
  const changes = [...now].flatMap(([key, row]): Change[] => {
    const old = before.get(key);
    if (!old || old.ours === row.ours) return [];
    const noise = Math.max(NOISE, 1 + (row.spread ?? 0), 1 + (old.spread ?? 0));
    const ratio = ratioOf(row.unit, row.ours, old.ours);
    return ratio > noise || ratio < 1 / noise ? [{ row, before: old.ours, ratio }] : [];
  });
  return {
    regressions: changes.filter(({ ratio }) => ratio < 1).sort((a, b) => a.ratio - b.ratio),
    improvements: changes.filter(({ ratio }) => ratio > 1).sort((a, b) => b.ratio - a.ratio),
    gone: [...before.keys()].filter((key) => !now.has(key)).length,
    added: [...now.keys()].filter((key) => !before.has(key)).length,
  };
}

/** Rows of one measurement beside several peers have the same value of ours. */
function byKey(rows: readonly BenchRow[]): Map<string, BenchRow> {
  return new Map(rows.map((row) => [[row.suite, row.case, row.device, row.adapter, row.metric].join('\n'), row]));
}
