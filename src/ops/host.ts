import type { TypedArray } from '../tensor/dtype.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { apply, type Op } from './op.js';

/** Runs on the host with the inputs' values and returns the outputs' values; rank 4 is channels-last on both sides. */
export type HostFunction = (inputs: readonly TypedArray[]) => readonly TypedArray[] | Promise<readonly TypedArray[]>;

export interface HostAttrs {
  /** For plans and errors. */
  readonly name: string;
  readonly outputs: readonly TensorSpec[];
  readonly run: HostFunction;
}

/**
 * A step of the plan that the host computes: the device finishes what comes before, the inputs are read back, and the
 * results are uploaded before the rest runs. For matching, NMS, collectives and snapshots. It has no gradient.
 */
export const hostOp = {
  name: 'host',
  infer: (_, { outputs }) => [...outputs],
} satisfies Op<HostAttrs>;

export function host(inputs: readonly Tensor[], attrs: HostAttrs): readonly Tensor[] {
  return apply(hostOp, inputs, attrs);
}
