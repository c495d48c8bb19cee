import type { KernelNode, Lowering, Operand } from '../device.js';

/** Fields of a kernel's argument record, 4 bytes each, in the order of the AssemblyScript class. */
export type WasmFields = Record<string, 'ptr' | 'i32' | 'f32'>;

/** An exported function of `kernels.wasm` and the record it reads: `assembly/kernels` has the class it mirrors. */
export interface WasmKernel<F extends WasmFields = WasmFields> {
  readonly name: string;
  readonly fields: F;
}

export type WasmArgs<F extends WasmFields> = {
  readonly [K in keyof F]: F[K] extends 'ptr' ? Operand | null : number;
};

/** One parallel region: every thread of the pool runs it, and a barrier follows; unless it is part of a section. */
export interface WasmCall {
  readonly kernel: WasmKernel;
  readonly args: Readonly<Record<string, Operand | number | null>>;
  /** How it fits into sections: see `findSections`. */
  readonly section?: SectionRole;
}

/**
 * - a number: images. As thread i of that many, the kernel reads and writes of the images, and of sums that are kept
 *   per image, those of image i alone, beside what is read only;
 * - `before`: needs weights and vectors only, and prepares what the later calls of its node read;
 * - `after`: finishes an output of its node from what the earlier calls have left.
 */
export type SectionRole = number | 'before' | 'after';

export function call<F extends WasmFields>(kernel: WasmKernel<F>, args: WasmArgs<F>): WasmCall {
  return { kernel: kernel as unknown as WasmKernel, args };
}

export interface WasmTarget {
  /** Size of the pool. Workspace may depend on it; results may not. */
  readonly threads: number;
}

export type WasmLower<A = unknown> = (node: KernelNode<A>, target: WasmTarget) => Lowering<WasmCall>;

export function withRole(made: WasmCall, section: SectionRole | undefined): WasmCall {
  return section === undefined ? made : { ...made, section };
}
