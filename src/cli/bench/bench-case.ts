import type { ProgramTrace } from '../../graph/lower.js';
import type { Feeds, Program } from '../../scheduler/program.js';
import type { Shape } from '../../tensor/shape.js';
import type { State } from '../../tensor/state.js';
import type { Task } from '../../train/task.js';
import type { Fill } from './fill.js';
import type { GraphDescription } from './graph-description.js';

/** A case, ready to be run by us (`trace`) and by peers (`graph`). */
export interface BuiltCase {
  readonly trace: ProgramTrace;
  readonly graph: GraphDescription;
  /** Values of states that hold something else than their own initial values. */
  readonly fills: ReadonlyMap<State, Fill>;
  /** What the run with this index is given. */
  feeds(program: Program, run: number): Feeds;
  /** Outputs read back in each timed run. */
  readonly read: readonly string[];
  /** Share of the memory without recompute that the program may take. */
  readonly memoryShare?: number;
  /** The network behind a forward pass, and the shape of its images. */
  readonly network?: { readonly task: Task; readonly image: Shape };
}

/** One thing to time. */
export interface BenchCase {
  readonly name: string;
  /** What is compared before the timing: one result, or the losses of so many training steps. */
  readonly checks: number;
  build(): BuiltCase;
}
