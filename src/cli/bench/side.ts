import type { Fingerprint } from './fingerprint.js';
import type { GraphDescription } from './graph-description.js';

/** What a case asks of a side; plain data, so that it can travel to another process. */
export interface BenchTask {
  readonly suite: string;
  /** Name of the case: our side looks it up, peers run `graph`. */
  readonly name: string;
  readonly graph: GraphDescription;
  /** Training steps that the comparison before the timing runs; 1 elsewhere. */
  readonly checks: number;
}

/** Averages of one round, in milliseconds of a run and rates of the limits beside it. */
export interface Round {
  readonly milliseconds: number;
  /** GFLOP/s of the multiply-add probe and GB/s of a copy of as many bytes, timed right after. */
  readonly peak?: number;
  readonly copy?: number;
}

export interface Prepared {
  /** Results of the first runs: the loss of each training step, or samples of the outputs. */
  readonly fingerprint: Fingerprint;
  /** Of the last of those runs: tells how many rounds are affordable. */
  readonly milliseconds: number;
}

/** Numbers about a prepared case that are not times: counts, bytes. Keys are those of `factMetrics`. */
export type Facts = Readonly<Record<string, number>>;

/** One of the engines that are compared: ours, or a peer. Usually a process of its own. */
export interface Side {
  /** With version and what distinguishes it from its siblings: `torch 2.13.0 channels_last`. */
  readonly name: string;
  readonly adapter: string;
  readonly software: boolean;
  /** Lets go of the case before, builds this one and runs it. Rejects when this side cannot run it. */
  prepare(task: BenchTask): Promise<Prepared>;
  /** Repeats the case for at least so many milliseconds. */
  time(minimum: number): Promise<Round>;
  facts(): Promise<Facts>;
  close(): Promise<void>;
}
