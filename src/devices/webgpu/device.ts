import type { KernelOpName } from '../../ops/index.js';
import type { Platform } from '../../platform/platform.js';
import { DeviceError } from '../../utils/errors.js';
import type { Block, Device, Download, KernelNode, LoadedProgram, ProgramStep, Upload } from '../device.js';
import { type AdapterChoice, chooseAdapter, requestDevice } from './adapter.js';
import { type GpuBlock, GpuBuffers, stagingBytes } from './buffers.js';
import type { WebgpuCall } from './kernel.js';
import { webgpuKernels } from './kernels/index.js';
import { Patience } from './patience.js';
import { PipelineCache } from './pipelines.js';
import { GpuProgram, paramsBytes } from './program.js';
import { timeCommands } from './timestamps.js';

export interface WebgpuOptions {
  /** An adapter chosen before; default: the host's high-performance one. */
  adapter?: AdapterChoice;
}

/** The WebGPU device. Throws DeviceError when there is no adapter. */
export async function createWebgpuDevice(platform: Platform, options: WebgpuOptions = {}): Promise<Device> {
  const choice = options.adapter ?? (await chooseAdapter(platform));
  return new WebgpuDevice(await requestDevice(choice.adapter), choice.description, platform.now);
}

/** Dispatches of one command buffer. */
const CHUNK = 256;

class WebgpuDevice implements Device {
  readonly kind = 'webgpu';
  readonly numerics = 'portable';
  readonly alignment = 256;
  /** Every binding is writable, and WebGPU refuses writable bindings that overlap. */
  readonly exclusiveOperands = true;
  readonly maxOperandBytes: number;
  readonly #buffers: GpuBuffers;
  readonly #pipelines: PipelineCache;
  #failure?: DeviceError;

  constructor(
    readonly gpu: GPUDevice,
    readonly description: string,
    readonly now: () => number,
  ) {
    this.maxOperandBytes = gpu.limits.maxStorageBufferBindingSize;
    this.#buffers = new GpuBuffers(gpu);
    this.#pipelines = new PipelineCache(gpu);
    gpu.lost.then(({ reason, message }) => {
      if (reason === 'destroyed') return;
      this.#failure ??= new DeviceError(`${description} was lost: ${message}`, 'resume from the last checkpoint');
    });
    gpu.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= new DeviceError(`${description}: ${error.message}`);
    });
  }

  get memory(): { bytes: number; peakBytes: number } {
    return { bytes: this.#buffers.bytes, peakBytes: this.#buffers.peakBytes };
  }

  lower(node: KernelNode) {
    return webgpuKernels[node.op as KernelOpName](node as KernelNode<never>, { limits: this.gpu.limits });
  }

  callName(call: unknown): string {
    return (call as WebgpuCall).shader.name;
  }

  allocate(bytes: number, label: string): Block {
    return this.#buffers.allocate(bytes, label);
  }

  free(block: Block): void {
    this.#buffers.free(block as GpuBlock);
  }

  async load(steps: readonly ProgramStep[], name: string): Promise<LoadedProgram> {
    this.gpu.pushErrorScope('validation');
    const program = await GpuProgram.create(
      this.#buffers,
      this.#pipelines,
      steps as readonly ProgramStep<WebgpuCall>[],
      name,
    );
    const error = await this.gpu.popErrorScope();
    if (error) throw new DeviceError(`${name} does not load on ${this.description}: ${error.message}`);
    const patience = new Patience(this.now);
    return {
      run: (uploads, downloads) => this.#submit(uploads, downloads, patience, program),
      time: this.gpu.features.has('timestamp-query') ? () => timeCommands(this.#buffers, program) : undefined,
      dispose: () => program.dispose(),
    };
  }

  programBytes(calls: readonly unknown[]): number {
    return paramsBytes(calls as readonly WebgpuCall[]);
  }

  readBackBytes(sizes: readonly number[]): number {
    return stagingBytes(sizes);
  }

  async write(uploads: readonly Upload[]): Promise<void> {
    this.#check();
    this.#buffers.upload(uploads);
  }

  read(downloads: readonly Download[]): Promise<Uint8Array[]> {
    return this.#submit([], downloads, new Patience(this.now));
  }

  async close(): Promise<void> {
    this.gpu.destroy();
  }

  /** Long programs go in chunks: the device starts on the first while the others are recorded. */
  async #submit(
    uploads: readonly Upload[],
    downloads: readonly Download[],
    patience: Patience,
    program?: GpuProgram,
  ): Promise<Uint8Array[]> {
    this.#check();
    this.#buffers.upload(uploads);
    const dispatches = program?.commands.length ?? 0;
    let first = 0;
    let encoder = this.gpu.createCommandEncoder();
    for (; dispatches - first > CHUNK; first += CHUNK) {
      program?.encode(encoder, first, first + CHUNK);
      this.gpu.queue.submit([encoder.finish()]);
      encoder = this.gpu.createCommandEncoder();
    }
    if (first < dispatches) program?.encode(encoder, first);
    const fetch = this.#buffers.download(encoder, downloads);
    this.gpu.queue.submit([encoder.finish()]);
    try {
      return await (downloads.length > 0 ? patience.wait(fetch) : fetch());
    } finally {
      this.#check();
    }
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
  }
}
