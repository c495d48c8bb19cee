import { formatRatio } from './format-row.js';
import type { BenchRow } from './row.js';

/** Metrics that are about time; counts and bytes speak for themselves in the table. */
const timed = new Set(['training step', 'forward', 'rate']);

/**
 * A line for each case and peer: our ratio to the fastest of the peer's variants, such as layouts and settings of
 * malloc. Software adapters get none.
 */
export function headlines(rows: readonly BenchRow[]): string[] {
  const fastest = new Map<string, { readonly row: BenchRow; readonly variants: number }>();
  for (const row of rows) {
    if (row.software || !row.peer || row.ratio === undefined || !timed.has(row.metric)) continue;
    const key = [row.suite, row.case, row.device, row.metric, row.peer.split(' ')[0]].join('\n');
    const found = fastest.get(key);
    const better = !found || row.ratio < found.row.ratio!;
    fastest.set(key, { row: better ? row : found.row, variants: (found?.variants ?? 0) + 1 });
  }
  return [...fastest.values()].map(({ row, variants }) => {
    const of = variants > 1 ? `, its fastest of ${variants}` : '';
    return `${formatRatio(row.ratio)} ${row.case} (${row.device}) beside ${row.peer}${of}`;
  });
}

/** What the rows were measured on, and what times on software adapters are worth. */
export function footnote(rows: readonly BenchRow[]): string[] {
  const adapters = new Set(rows.flatMap(({ device, adapter }) => (adapter ? `${device}: ${adapter}` : [])));
  const lines = [`measured on ${[...adapters].join('; ')}`];
  if (rows.some(({ software }) => software)) {
    lines.push('SOFTWARE ADAPTER: its times are those of a rasteriser on the CPU; only counts carry over to GPUs');
  }
  return lines;
}
