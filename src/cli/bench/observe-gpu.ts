/** What a program asked of WebGPU since the last `reset`, whichever library asked. */
export interface GpuCounts {
  dispatches: number;
  passes: number;
  submits: number;
  /** Bytes of all buffers bound for all dispatches. */
  boundBytes: number;
  buffers: number;
  bindGroups: number;
  pipelines: number;
  shaderModules: number;
}

export interface GpuObserver {
  readonly counts: GpuCounts;
  /** Bytes of buffers that are there now, and the most there ever were. */
  readonly memory: { bytes: number; peak: number };
  /** Every dispatch is issued so many times: kernels that are short against a submit can be timed so. */
  repeats: number;
  reset(): void;
}

const zero = (): GpuCounts => ({
  dispatches: 0,
  passes: 0,
  submits: 0,
  boundBytes: 0,
  buffers: 0,
  bindGroups: 0,
  pipelines: 0,
  shaderModules: 0,
});

type Method = (this: unknown, ...args: never[]) => unknown;

/**
 * Counts on the prototypes of WebGPU's objects, the same way for every library of this thread. Undefined where there
 * is no WebGPU. Call it before the first device is made.
 */
export function observeGpu(): GpuObserver | undefined {
  const globals = globalThis as unknown as Record<string, { prototype: Record<string, Method> } | undefined>;
  if (!globals.GPUDevice) return undefined;
  const observer: GpuObserver = {
    counts: zero(),
    memory: { bytes: 0, peak: 0 },
    repeats: 1,
    reset: () => Object.assign(observer.counts, zero()),
  };
  const { counts, memory } = observer;
  /** Replaces a method by one that calls `after` with its arguments and result. */
  const wrap = <A extends unknown[], R>(
    type: string,
    name: string,
    after: (args: A, result: R, self: object, original: (...args: A) => R) => void,
  ): void => {
    const prototype = globals[type]?.prototype;
    const original = prototype?.[name];
    if (!prototype || !original) return;
    prototype[name] = function (this: object, ...args: unknown[]) {
      const call = (...given: A): R => (original as unknown as (...a: A) => R).apply(this, given);
      const result = call(...(args as A));
      after(args as A, result, this, call);
      return result;
    } as unknown as Method;
  };

  const sizes = new WeakMap<object, number>();
  wrap<[GPUBufferDescriptor], GPUBuffer>('GPUDevice', 'createBuffer', ([{ size }], buffer) => {
    counts.buffers++;
    sizes.set(buffer, size);
    memory.bytes += size;
    memory.peak = Math.max(memory.peak, memory.bytes);
  });
  wrap<[], void>('GPUBuffer', 'destroy', (_, __, buffer) => {
    memory.bytes -= sizes.get(buffer) ?? 0;
    sizes.delete(buffer);
  });
  const bytesOf = new WeakMap<object, number>();
  wrap<[GPUBindGroupDescriptor], GPUBindGroup>('GPUDevice', 'createBindGroup', ([{ entries }], group) => {
    counts.bindGroups++;
    bytesOf.set(
      group,
      [...entries].reduce((sum, { resource }) => sum + boundBytes(resource), 0),
    );
  });
  for (const name of ['createComputePipeline', 'createComputePipelineAsync']) {
    wrap('GPUDevice', name, () => counts.pipelines++);
  }
  wrap('GPUDevice', 'createShaderModule', () => counts.shaderModules++);
  wrap('GPUQueue', 'submit', () => counts.submits++);
  wrap('GPUCommandEncoder', 'beginComputePass', () => counts.passes++);
  const bound = new WeakMap<object, Map<number, number>>();
  wrap<[number, GPUBindGroup], void>('GPUComputePassEncoder', 'setBindGroup', ([index, group], _, pass) => {
    const groups = bound.get(pass) ?? new Map<number, number>();
    groups.set(index, bytesOf.get(group) ?? 0);
    bound.set(pass, groups);
  });
  wrap<[number, number, number], void>('GPUComputePassEncoder', 'dispatchWorkgroups', (args, _, pass, again) => {
    counts.dispatches++;
    for (const bytes of bound.get(pass)?.values() ?? []) counts.boundBytes += bytes;
    for (let i = 1; i < observer.repeats; i++) again(...args);
  });
  return observer;
}

function boundBytes(resource: GPUBindingResource): number {
  if (!('buffer' in resource)) return 'size' in resource ? Number(resource.size) : 0;
  const { buffer, offset = 0, size } = resource;
  return size ?? buffer.size - offset;
}
