import { afterEach, expect, test, vi } from 'vitest';
import { observeGpu } from '../../../src/cli/bench/observe-gpu.js';

afterEach(() => vi.unstubAllGlobals());

/** As much of WebGPU as is counted; dispatches are written down. */
function stubGpu() {
  const dispatched: number[][] = [];
  class GPUBuffer {
    constructor(readonly size: number) {}
    destroy() {}
  }
  class GPUComputePassEncoder {
    setBindGroup(_index: number, _group: object) {}
    dispatchWorkgroups(...counts: number[]) {
      dispatched.push(counts);
    }
  }
  class GPUCommandEncoder {
    beginComputePass() {
      return new GPUComputePassEncoder();
    }
  }
  class GPUQueue {
    submit() {}
  }
  class GPUDevice {
    queue = new GPUQueue();
    createBuffer({ size }: { size: number }) {
      return new GPUBuffer(size);
    }
    createBindGroup(_descriptor: object) {
      return {};
    }
    async createComputePipelineAsync() {
      return {};
    }
    createShaderModule() {
      return {};
    }
    createCommandEncoder() {
      return new GPUCommandEncoder();
    }
  }
  const classes = { GPUBuffer, GPUComputePassEncoder, GPUCommandEncoder, GPUQueue, GPUDevice };
  for (const [name, type] of Object.entries(classes)) vi.stubGlobal(name, type);
  return { device: new GPUDevice(), dispatched };
}

test('counts dispatches with the bytes bound for them, passes, submits and objects', async () => {
  const { device } = stubGpu();
  const { counts, memory, reset } = observeGpu()!;
  const [a, b] = [100, 60].map((size) => device.createBuffer({ size }));
  const group = device.createBindGroup({
    entries: [
      { binding: 0, resource: { buffer: a, offset: 40 } },
      { binding: 1, resource: { buffer: b, size: 8 } },
    ],
  });
  await device.createComputePipelineAsync();
  device.createShaderModule();
  expect(counts).toMatchObject({ buffers: 2, bindGroups: 1, pipelines: 1, shaderModules: 1 });
  reset();
  const pass = device.createCommandEncoder().beginComputePass();
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.dispatchWorkgroups(2);
  device.queue.submit();
  expect(counts).toMatchObject({ dispatches: 2, boundBytes: 2 * (60 + 8), passes: 1, submits: 1, buffers: 0 });
  expect(memory).toEqual({ bytes: 160, peak: 160 });
  a.destroy();
  a.destroy();
  expect(memory).toEqual({ bytes: 60, peak: 160 });
});

test('issues every dispatch again as often as asked, and counts it once', () => {
  const { device, dispatched } = stubGpu();
  const observer = observeGpu()!;
  observer.repeats = 3;
  device.createCommandEncoder().beginComputePass().dispatchWorkgroups(4, 5, 6);
  expect(dispatched).toEqual([
    [4, 5, 6],
    [4, 5, 6],
    [4, 5, 6],
  ]);
  expect(observer.counts.dispatches).toBe(1);
});

test('where there is no WebGPU, there is nothing to observe', () => {
  vi.stubGlobal('GPUDevice', undefined);
  expect(observeGpu()).toBeUndefined();
});
