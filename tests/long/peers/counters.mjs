// Counts what a program asks of WebGPU, the same way for every library: objects created, dispatches, bytes bound.

const bytesOf = new WeakMap();

/** Wraps the prototypes of Dawn's objects. Returns the counters, which the caller may reset. */
export function countGpuCalls() {
  const counts = fresh();
  const wrap = (type, name, count) => {
    const original = globalThis[type]?.prototype[name];
    if (!original) return;
    globalThis[type].prototype[name] = function (...args) {
      const result = original.apply(this, args);
      count(args, result);
      return result;
    };
  };
  wrap('GPUDevice', 'createBuffer', ([{ size }]) => {
    counts.buffers++;
    counts.bufferBytes += size;
  });
  wrap('GPUDevice', 'createBindGroup', ([{ entries }], group) => {
    counts.bindGroups++;
    bytesOf.set(
      group,
      entries.map(({ resource }) => resource.size ?? (resource.buffer?.size ?? 0) - (resource.offset ?? 0)),
    );
  });
  for (const name of ['createComputePipeline', 'createComputePipelineAsync']) {
    wrap('GPUDevice', name, () => counts.pipelines++);
  }
  wrap('GPUDevice', 'createShaderModule', () => counts.shaderModules++);
  wrap('GPUQueue', 'submit', () => counts.submits++);
  let bound;
  wrap('GPUComputePassEncoder', 'setBindGroup', ([, group]) => {
    bound = bytesOf.get(group) ?? [];
  });
  wrap('GPUComputePassEncoder', 'dispatchWorkgroups', () => {
    counts.dispatches++;
    for (const bytes of bound) {
      counts.boundBytes += bytes;
      counts.bindingsBySize[bytes] = (counts.bindingsBySize[bytes] ?? 0) + 1;
    }
  });
  return { counts, reset: () => Object.assign(counts, fresh()) };
}

function fresh() {
  return {
    dispatches: 0,
    submits: 0,
    buffers: 0,
    bufferBytes: 0,
    bindGroups: 0,
    pipelines: 0,
    shaderModules: 0,
    boundBytes: 0,
    bindingsBySize: {},
  };
}
