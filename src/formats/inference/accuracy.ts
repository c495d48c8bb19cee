/** How far an exported network's results are from the engine's. */
export interface Accuracy {
  /** Largest difference over the largest result. */
  readonly relative: number;
  /** Signal to noise in dB: 10 log10(Σ y² / Σ d²); infinite when nothing differs. */
  readonly snr: number;
  /** The likeliest class is the same in every row. */
  readonly sameTop1: boolean;
}

export type Precision = 'f32' | 'f16';

/** What an export must reach. Half precision has 11 bits: its largest difference says little, its noise does. */
export const bars = {
  f32: { relative: 1e-5, snr: 100 },
  f16: { relative: Number.POSITIVE_INFINITY, snr: 50 },
} as const satisfies Record<Precision, { relative: number; snr: number }>;

/** Compares rows of `got` with `expected`; not a number anywhere is infinitely wrong. */
export function measureAccuracy(expected: ArrayLike<number>, got: ArrayLike<number>, columns: number): Accuracy {
  let [largest, difference, signal, noise] = [0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(expected[i] - got[i]);
    largest = Math.max(largest, Math.abs(expected[i]));
    difference = Number.isNaN(d) || d === undefined ? Number.POSITIVE_INFINITY : Math.max(difference, d);
    signal += expected[i] * expected[i];
    noise += d * d;
  }
  if (got.length !== expected.length || Number.isNaN(noise)) difference = Number.POSITIVE_INFINITY;
  const exact = difference === 0;
  let sameTop1 = true;
  for (let row = 0; row < expected.length; row += columns) {
    sameTop1 &&= largestOf(expected, row, columns) === largestOf(got, row, columns);
  }
  return {
    relative: exact ? 0 : difference / largest,
    snr: exact ? Number.POSITIVE_INFINITY : Number.isFinite(difference) ? 10 * Math.log10(signal / noise) : 0,
    sameTop1,
  };
}

export function meets({ relative, snr, sameTop1 }: Accuracy, precision: Precision): boolean {
  return relative <= bars[precision].relative && snr >= bars[precision].snr && sameTop1;
}

function largestOf(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i] > values[start + best]) best = i;
  return best;
}

/**
 * A check on results that do not depend on the image, or are all alike, would pass whatever the file holds: the rows
 * of different images must differ by more than ten times what the bar allows, and so must the columns of a row.
 */
export function isDegenerate(values: ArrayLike<number>, columns: number): boolean {
  let [largest, acrossRows, acrossColumns] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    largest = Math.max(largest, Math.abs(values[i]));
    if (i >= columns) acrossRows = Math.max(acrossRows, Math.abs(values[i] - values[i - columns]));
    if (i % columns) acrossColumns = Math.max(acrossColumns, Math.abs(values[i] - values[i - 1]));
  }
  const least = 10 * bars.f32.relative * largest;
  return !(acrossRows > least && (acrossColumns > least || columns === 1));
}
