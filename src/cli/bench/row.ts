/** One measurement. A ratio above 1 means that we are better. */
export interface BenchRow {
  readonly suite: string;
  readonly case: string;
  readonly device: string;
  readonly adapter: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  /** (slowest - fastest) / median over the rounds. */
  readonly spread?: number;
  readonly peer?: string;
  readonly peer_value?: number;
  readonly ratio?: number;
  readonly limit?: number;
  readonly fraction_of_limit?: number;
}
