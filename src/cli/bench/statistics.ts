/** Milliseconds of one run. */
export interface Timing {
  readonly best: number;
  readonly median: number;
  /** (slowest - fastest) / median of the rounds. */
  readonly spread: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function summarize(milliseconds: readonly number[]): Timing {
  const [fastest, slowest] = [Math.min(...milliseconds), Math.max(...milliseconds)];
  const middle = median(milliseconds);
  return { best: fastest, median: middle, spread: (slowest - fastest) / middle };
}
