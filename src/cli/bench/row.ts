/** One measurement. A ratio above 1 means that we are better. */
export interface BenchRow {
  readonly suite: string;
  readonly case: string;
  readonly device: string;
  readonly adapter: string;
  /** The adapter runs on the CPU: its times say nothing about GPUs. */
  readonly software?: boolean;
  readonly metric: string;
  readonly unit: Unit;
  /** Median over the rounds. */
  readonly ours: number;
  readonly best?: number;
  /** (slowest - fastest) / median over the rounds. */
  readonly spread?: number;
  readonly peer?: string;
  readonly peer_value?: number;
  readonly peer_best?: number;
  readonly peer_spread?: number;
  readonly ratio?: number;
  readonly limit?: number;
  readonly fraction_of_limit?: number;
  /** Where a kernel lies in the roofline chart: operations a byte, and the limits' rates in GFLOP/s and GB/s. */
  readonly roofline?: {
    readonly intensity: number;
    readonly gflops: number;
    readonly peak: number;
    readonly copy: number;
  };
  /** Where a row lies in a scaling chart. */
  readonly scaling?: { readonly chart: string; readonly axis: string; readonly at: number };
}

/** Whether more of a unit is better. */
export const units = {
  'GFLOP/s': true,
  'GB/s': true,
  'images/s': true,
  'MB/s': true,
  ms: false,
  µs: false,
  bytes: false,
  count: false,
} as const satisfies Record<string, boolean>;

export type Unit = keyof typeof units;

/** How much better the first is: above 1 in our favour, whichever way the unit points. */
export function ratioOf(unit: Unit, ours: number, theirs: number): number {
  return units[unit] ? ours / theirs : theirs / ours;
}

/** The mark of rows from a software adapter, whose description says so. */
export function softwareMark(adapter: string): { readonly software?: true } {
  return adapter.includes('(software)') ? { software: true } : {};
}
