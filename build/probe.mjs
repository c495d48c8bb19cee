// Asks Dawn for an adapter, runs a shader on it and prints what it is as JSON. A process of its own, since a Vulkan
// driver that is too old may end it. The environment chooses the driver.
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const gpu = create([]);
globalThis.keep = gpu; // Dawn dies with this object.
const adapter = await gpu.requestAdapter();
if (!adapter) process.exit(2);

const device = await adapter.requestDevice();
const code = '@group(0) @binding(0) var<storage, read_write> x: u32; @compute @workgroup_size(1) fn main() { x = 42; }';
const pipeline = await device.createComputePipelineAsync({
  layout: 'auto',
  compute: { module: device.createShaderModule({ code }) },
});
const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
const result = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
const encoder = device.createCommandEncoder();
const pass = encoder.beginComputePass();
pass.setPipeline(pipeline);
pass.setBindGroup(
  0,
  device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }),
);
pass.dispatchWorkgroups(1);
pass.end();
encoder.copyBufferToBuffer(buffer, 0, result, 0, 4);
device.queue.submit([encoder.finish()]);
await result.mapAsync(GPUMapMode.READ);
if (new Uint32Array(result.getMappedRange())[0] !== 42) process.exit(3);

const { vendor, architecture, device: model, description, isFallbackAdapter } = adapter.info;
const name = [description || model || architecture || vendor, isFallbackAdapter && '(software)']
  .filter(Boolean)
  .join(' ');
process.stdout.write(JSON.stringify({ name, software: isFallbackAdapter, f16: adapter.features.has('shader-f16') }));
process.exit(0);
