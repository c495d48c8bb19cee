export interface WindowLimits {
  /** Most bytes that one operand may span. */
  readonly maxBytes: number;
  /** Windows start at multiples of this many bytes. */
  readonly alignment: number;
}

/** Part of dimension 0. */
export type RowRange = readonly [start: number, rows: number];

/**
 * As few windows of `batch` rows as the longest of `rowBytes` allows, of equal length but for the last; undefined where
 * not even the fewest rows that keep every window aligned fit.
 */
export function cutRows(
  batch: number,
  rowBytes: readonly number[],
  { maxBytes, alignment }: WindowLimits,
): readonly RowRange[] | undefined {
  const step = Math.max(...rowBytes.map((row) => alignment / gcd(alignment, row)));
  const rows = Math.floor(Math.floor(maxBytes / Math.max(...rowBytes)) / step) * step;
  if (rows < 1) return undefined;
  return Array.from({ length: Math.ceil(batch / rows) }, (_, i) => [i * rows, Math.min(rows, batch - i * rows)]);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
