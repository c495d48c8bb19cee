import { afterAll, expect, test } from 'vitest';
import { adapterName, requestAdapter } from '../../support/dawn.js';

const adapter = await requestAdapter();
const device = await adapter.requestDevice();
afterAll(() => device.destroy());

test(`a shader runs on ${adapterName(adapter)}`, async () => {
  const code = /* wgsl */ `
    @group(0) @binding(0) var<storage, read_write> x: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = id.x * id.x; }`;
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }) },
  });
  const buffer = device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const result = device.createBuffer({ size: 1024, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }),
  );
  pass.dispatchWorkgroups(4);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, result, 0, 1024);
  device.queue.submit([encoder.finish()]);
  await result.mapAsync(GPUMapMode.READ);
  expect(Array.from(new Uint32Array(result.getMappedRange()))).toEqual(Array.from({ length: 256 }, (_, i) => i * i));
});

test('the adapter offers at least the default limits of the specification', () => {
  expect(adapter.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
  expect(adapter.limits.maxComputeInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256);
  expect(adapter.limits.maxComputeWorkgroupStorageSize).toBeGreaterThanOrEqual(16384);
  expect(adapter.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 1024 * 1024);
});
