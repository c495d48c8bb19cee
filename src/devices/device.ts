import type { DType } from '../tensor/dtype.js';
import type { Layout } from '../tensor/layout.js';
import type { Shape } from '../tensor/shape.js';

/** A tensor of a plan: concrete shape, physical layout. The planner gives it an address. */
export interface Value {
  readonly id: number;
  /** For people: layer path and operator. */
  readonly name: string;
  /** Logical shape (N,C,H,W). */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly layout: Layout;
  /** Bytes of the elements, without padding. */
  readonly bytes: number;
}

/** One operator of a plan, ready to be turned into kernel calls. */
export interface KernelNode<A = unknown> {
  readonly op: string;
  readonly attrs: A;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly scope: string;
}

/**
 * What a kernel call points at: an input, an output, or the node's own scratch (`workspace`) or
 * read-only data (`constants`), plus a byte offset.
 */
export interface Operand {
  readonly of: Value | 'workspace' | 'constants';
  readonly offset: number;
}

export const at = (of: Operand['of'], offset = 0): Operand => ({ of, offset });

/** How a device will run one node. `calls` mean something to that device only. */
export interface Lowering<Call> {
  readonly calls: readonly Call[];
  /** Bytes of scratch that live only while the node runs. */
  readonly workspace?: number;
  /** Read-only bytes that the device keeps for as long as the plan. */
  readonly constants?: Uint8Array;
}
