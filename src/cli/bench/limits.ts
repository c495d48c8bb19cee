import multiplyAdd from '../../../shaders/probe/multiply_add.wgsl';
import { chooseAdapter, requestDevice } from '../../devices/webgpu/adapter.js';
import type { Platform } from '../../platform/platform.js';

/** The multiply-add rate of the machine: what a kernel that is bound by arithmetic is compared with. */
export interface MultiplyAddProbe {
  /** Operations of one run. */
  readonly flops: number;
  run(): Promise<unknown>;
  finish(): Promise<unknown>;
  close(): void;
}

const ITERATIONS = 400_000;
/** 9 vector multiply-adds an iteration, 4 lanes, 2 operations. */
const WASM_FLOPS = 72 * ITERATIONS;
const ARGS = 1024;
const DATA = 4096;

/** One core through WebAssembly SIMD; what `threads` of them could do counts as so many times as much. */
export async function wasmProbe(platform: Platform, threads: number): Promise<MultiplyAddProbe> {
  const module = await WebAssembly.compile((await platform.readAsset('kernels.wasm')) as BufferSource);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, park() {} } });
  const probe = exports.probeMultiplyAdd as (args: number, thread: number, threads: number) => void;
  new Int32Array(memory.buffer, ARGS, 2).set([DATA, ITERATIONS]);
  new Float32Array(memory.buffer, DATA, 24).fill(1e-3);
  return {
    flops: WASM_FLOPS * Math.max(1, threads),
    run: async () => probe(ARGS, 0, 1),
    finish: async () => {},
    close() {},
  };
}

const WORKGROUPS = 1024;
const INVOCATIONS = 256 * WORKGROUPS;
const OPS_PER_ITERATION = 64;
const GPU_ITERATIONS = 256;
const STORAGE = 0x80;
const UNIFORM = 0x40;
const COPY_DST = 0x8;

/** The whole adapter through WGSL. */
export async function webgpuProbe(platform: Platform): Promise<MultiplyAddProbe> {
  const device = await requestDevice((await chooseAdapter(platform)).adapter);
  const module = device.createShaderModule({ code: multiplyAdd });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const params = device.createBuffer({ size: 16, usage: UNIFORM | COPY_DST });
  device.queue.writeBuffer(params, 0, new Uint32Array([GPU_ITERATIONS, 0, 0, 0]));
  const result = device.createBuffer({ size: 16 * INVOCATIONS, usage: STORAGE });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [params, result].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return {
    flops: OPS_PER_ITERATION * GPU_ITERATIONS * INVOCATIONS,
    async run() {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(WORKGROUPS);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
    finish: () => device.queue.onSubmittedWorkDone(),
    close: () => device.destroy(),
  };
}
