import type { KernelNode, Lowering, Operand } from '../device.js';

export type ParamType = 'u32' | 'i32' | 'f32';

/**
 * One WGSL file and what a caller must know to run it. The WGSL owns the arithmetic; this record mirrors its
 * interface, and a reflection test keeps the two in step.
 */
export interface Shader<
  B extends readonly string[] = readonly string[],
  P extends Record<string, ParamType> = Record<string, ParamType>,
  O extends readonly string[] = readonly string[],
> {
  readonly name: string;
  readonly source: string;
  /** Storage buffers in binding order from `@binding(1)`; `@binding(0)` is the uniform `Params`. */
  readonly bindings: B;
  /** Fields of `Params`, in order: numbers that depend on shapes. Empty when the shader has no Params. */
  readonly params: P;
  /** Pipeline constants: what a layer fixes once. */
  readonly overrides: O;
}

/** One compute dispatch. */
export interface WebgpuCall {
  readonly shader: Shader;
  readonly buffers: Readonly<Record<string, Operand & { readonly bytes?: number }>>;
  readonly params: Readonly<Record<string, number>>;
  readonly overrides: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
}

type AnyShader = Shader<readonly string[], Record<string, ParamType>, readonly string[]>;

/**
 * A dispatch of `shader`. A buffer given without `bytes` is bound from its offset to the end of the value.
 */
export function dispatch<S extends AnyShader>(
  shader: S,
  options: {
    buffers: { readonly [K in S['bindings'][number]]: Operand & { readonly bytes?: number } };
    params: { readonly [K in keyof S['params']]: number };
    overrides?: { readonly [K in S['overrides'][number]]?: number };
    workgroups: readonly [number, number, number];
  },
): WebgpuCall {
  const { buffers, params, workgroups } = options;
  return { shader, buffers, params, overrides: (options.overrides ?? {}) as Record<string, number>, workgroups };
}

export interface WebgpuTarget {
  readonly limits: Pick<
    GPUSupportedLimits,
    | 'maxStorageBufferBindingSize'
    | 'maxComputeWorkgroupStorageSize'
    | 'maxComputeInvocationsPerWorkgroup'
    | 'maxComputeWorkgroupsPerDimension'
    | 'maxStorageBuffersPerShaderStage'
  >;
}

export type WebgpuLower<A = unknown> = (node: KernelNode<A>, target: WebgpuTarget) => Lowering<WebgpuCall>;

/** Workgroups for `invocations` threads, folded over x and y so that no dimension passes the limit. */
export function linearWorkgroups(
  invocations: number,
  workgroupSize: number,
  target: WebgpuTarget,
): [number, number, 1] {
  const limit = target.limits.maxComputeWorkgroupsPerDimension;
  const total = Math.max(1, Math.ceil(invocations / workgroupSize));
  if (total <= limit) return [total, 1, 1];
  const y = Math.ceil(total / limit);
  return [Math.ceil(total / y), y, 1];
}
