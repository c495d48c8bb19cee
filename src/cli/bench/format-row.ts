import { formatBytes } from '../format.js';
import type { BenchRow, Unit } from './row.js';

/** Three digits or a whole number; bytes with their unit. */
export function formatValue(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return `${value}`;
  if (unit === 'bytes') return formatBytes(value);
  return unit === 'count' || Math.abs(value) >= 1000 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;
}

export const formatRatio = (ratio?: number): string => (ratio === undefined ? '' : `${Number(ratio.toPrecision(3))}x`);

export const formatPercent = (share?: number): string => (share === undefined ? '' : `${(100 * share).toFixed(0)} %`);

/** Columns of the tables in the terminal and in the page. */
export const columns = [
  'case',
  'metric',
  'ours',
  'unit',
  'spread',
  'limit',
  'of limit',
  'peer',
  'its value',
  'its spread',
  'ratio',
] as const;

export function cells(row: BenchRow): string[] {
  const { unit } = row;
  const value = (number?: number) => (number === undefined ? '' : formatValue(number, unit));
  return [
    row.case,
    row.metric,
    value(row.ours),
    unit === 'bytes' ? '' : unit,
    formatPercent(row.spread),
    value(row.limit),
    formatPercent(row.fraction_of_limit),
    row.peer ?? '',
    value(row.peer_value),
    formatPercent(row.peer_spread),
    formatRatio(row.ratio),
  ];
}
