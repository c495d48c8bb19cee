import type { State } from '../tensor/state.js';
import type { Tensor } from '../tensor/tensor.js';

/** What differs between the traces of one network. */
export interface TaskContext {
  readonly training: boolean;
  /** u32 scalar, another one each step: what random layers count with. */
  readonly counter: Tensor;
}

/** A classifier as the trainer sees it. */
export interface Task {
  readonly classes: number;
  readonly parameters: readonly State[];
  /** Running statistics. */
  readonly buffers: readonly State[];
  /** Logits [N,classes] of pixels u8 [N,C,H,W]. */
  logits(image: Tensor, context: TaskContext): Tensor;
  /** Mean loss of a batch, rank 0. */
  loss(logits: Tensor, target: Tensor, context: TaskContext): Tensor;
}

/** Turns gradients into updates. */
export interface UpdateRule {
  /** Momenta and the like. */
  readonly states: readonly State[];
  /** Appends the update of `parameters` to the trace. Throws when the numbers do not fit. */
  update(gradients: readonly Tensor[]): void;
  /** Values of the rule's scalars for the update with this index, 0 first. */
  scalars(lr: number, update: number): Readonly<Record<string, number>>;
}

/** An average of the weights, moved after every update. */
export interface AverageRule {
  /** The average of each parameter and buffer. */
  readonly averages: ReadonlyMap<State, State>;
  update(): void;
}

/** Learning rate before the update with index `update`, in an epoch counted from 0. */
export interface Schedule {
  lr(epoch: number, update: number): number;
}
