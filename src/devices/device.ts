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
  /** Bytes from the start of a larger value that this is a window of. */
  readonly offset?: number;
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

/** A piece of device memory. */
export interface Block {
  readonly label: string;
  readonly bytes: number;
}

/** An address on a device. */
export interface Placement {
  readonly block: Block;
  /** Bytes from the start of the block. */
  readonly offset: number;
}

/** An address and the bytes from there to the end of what was placed there. */
export interface Extent extends Placement {
  readonly bytes: number;
}

export interface Upload {
  readonly to: Placement;
  readonly data: Uint8Array;
}

export interface Download {
  readonly from: Placement;
  readonly bytes: number;
}

/** A lowered node with the function that turns its operands into addresses. */
export interface ProgramStep<Call = unknown> {
  readonly node: KernelNode;
  readonly calls: readonly Call[];
  resolve(operand: Operand): Extent;
}

/** A program in the device's memory. Replaying it allocates nothing. */
export interface LoadedProgram {
  /**
   * Uploads, runs every call in order, then reads back. Runs are executed in the order of the calls; the promise
   * resolves when the downloads have arrived, so a caller may start the next run before this one has finished.
   */
  run(uploads: readonly Upload[], downloads: readonly Download[]): Promise<Uint8Array[]>;
  /**
   * Runs the calls once and measures each with the device's own clock. Milliseconds, in order; not there where the
   * device has no such clock.
   */
  time?(): Promise<number[]>;
  dispose(): void;
}

/** First and last of neighbours in a list. */
export type Span = readonly [first: number, last: number];

/** Names the bits a device computes: see docs/architecture.md. */
export type NumericsProfile = 'portable';

/** What the planner and the scheduler need to know of a device; `wasm` and `webgpu` implement it. */
export interface Device {
  readonly kind: 'wasm' | 'webgpu';
  /** For people: adapter or instruction set, and whether it is a software adapter. */
  readonly description: string;
  readonly numerics: NumericsProfile;
  /** Every value starts at a multiple of this many bytes. */
  readonly alignment: number;
  /** One call may not name the same memory twice: the planner copies one of the two. */
  readonly exclusiveOperands: boolean;
  /** Most bytes that one operand may span. */
  readonly maxOperandBytes: number;
  /** How the device runs a node. Throws DeviceError for what it cannot do. */
  lower(node: KernelNode): Lowering<unknown>;
  /**
   * Runs of nodes, first and last, whose calls the device will interleave: nothing that they use may lie where another
   * of the same run has something.
   */
  interleaved?(nodes: readonly { readonly node: KernelNode; readonly calls: readonly unknown[] }[]): Span[];
  /** The same call, but never interleaved with others: what it uses is needed for less long. */
  apart?(call: unknown): unknown;
  /** Name of the kernel that a call of a lowering runs. */
  callName(call: unknown): string;
  /** Throws DeviceError when the memory cannot be had. */
  allocate(bytes: number, label: string): Block;
  free(block: Block): void;
  /** Prepares a program; kernels compile here, never during a run. */
  load(steps: readonly ProgramStep[], name: string): Promise<LoadedProgram>;
  /** Bytes that `load` will hold for these calls beside the plan's own memory. */
  programBytes(calls: readonly unknown[]): number;
  /** Bytes that it takes to read values of these sizes back, for one run under way. */
  readBackBytes(sizes: readonly number[]): number;
  /** Uploads outside a program, in order with the runs. */
  write(uploads: readonly Upload[]): Promise<void>;
  read(downloads: readonly Download[]): Promise<Uint8Array[]>;
  /** Bytes held now, and the most that were ever held. */
  readonly memory: { readonly bytes: number; readonly peakBytes: number };
  close(): Promise<void>;
}
