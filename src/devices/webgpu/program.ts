import { DeviceError } from '../../utils/errors.js';
import type { Extent, ProgramStep } from '../device.js';
import { COPY_DST, type GpuBlock, type GpuBuffers } from './buffers.js';
import type { WebgpuCall } from './kernel.js';
import type { CompiledShader, PipelineCache } from './pipelines.js';

/** Everything one dispatch needs, made once. */
interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** A plan as cached pipelines and bind groups, with one buffer that holds every `Params`. */
export class GpuProgram {
  private constructor(
    readonly commands: readonly Command[],
    private readonly params: GPUBuffer | undefined,
    private readonly buffers: GpuBuffers,
  ) {}

  static async create(
    buffers: GpuBuffers,
    pipelines: PipelineCache,
    steps: readonly ProgramStep<WebgpuCall>[],
    name: string,
  ): Promise<GpuProgram> {
    const calls = steps.flatMap((step) => step.calls.map((call) => ({ step, call })));
    const compiled = await Promise.all(calls.map(({ call }) => pipelines.get(call)));
    const { buffer, offsets } = uploadParams(
      buffers,
      calls.map(({ call }) => call),
      name,
    );
    const commands = calls.map(({ step, call }, i): Command => {
      const params = buffer && offsets[i] !== undefined ? { buffer, ...offsets[i] } : undefined;
      const bindGroup = makeBindGroup(buffers.device, compiled[i], step, call, params);
      return { pipeline: compiled[i].pipeline, bindGroup, workgroups: call.workgroups };
    });
    return new GpuProgram(commands, buffer, buffers);
  }

  /** Records the dispatches from `first` to `end` into one pass: cached objects only. */
  encode(
    encoder: GPUCommandEncoder,
    first = 0,
    end = this.commands.length,
    descriptor?: GPUComputePassDescriptor,
  ): void {
    const pass = encoder.beginComputePass(descriptor);
    let bound: GPUComputePipeline | undefined;
    for (let i = first; i < end; i++) {
      const { pipeline, bindGroup, workgroups } = this.commands[i];
      if (pipeline !== bound) pass.setPipeline(pipeline);
      bound = pipeline;
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
    pass.end();
  }

  dispose(): void {
    if (this.params) this.buffers.destroy(this.params);
  }
}

const PARAMS_ALIGNMENT = 256;
const UNIFORM = 0x40;

/** Where the uniforms of each call lie in one buffer; undefined for shaders without any. */
function paramsLayout(calls: readonly WebgpuCall[]): {
  total: number;
  offsets: ({ offset: number; size: number } | undefined)[];
} {
  let total = 0;
  const offsets = calls.map(({ shader }) => {
    const fields = Object.keys(shader.params).length;
    if (fields === 0) return undefined;
    const place = { offset: total, size: Math.ceil(fields / 4) * 16 };
    total += Math.ceil(place.size / PARAMS_ALIGNMENT) * PARAMS_ALIGNMENT;
    return place;
  });
  return { total, offsets };
}

export function paramsBytes(calls: readonly WebgpuCall[]): number {
  return paramsLayout(calls).total;
}

/** Shapes never change within a plan, so all uniforms are written once. */
function uploadParams(
  buffers: GpuBuffers,
  calls: readonly WebgpuCall[],
  name: string,
): { buffer?: GPUBuffer; offsets: ({ offset: number; size: number } | undefined)[] } {
  const { total, offsets } = paramsLayout(calls);
  if (total === 0) return { offsets };
  const buffer = buffers.create({ label: `${name}: params`, size: total, usage: UNIFORM | COPY_DST });
  const view = new DataView(new ArrayBuffer(total));
  calls.forEach((call, i) => {
    Object.entries(call.shader.params).forEach(([field, type], k) => {
      const value = call.params[field];
      if (value === undefined) throw new DeviceError(`${call.shader.name}: the parameter ${field} is missing`);
      const at = offsets[i]!.offset + 4 * k;
      if (type === 'f32') view.setFloat32(at, value, true);
      else view.setInt32(at, value, true);
    });
  });
  buffers.device.queue.writeBuffer(buffer, 0, view.buffer);
  return { buffer, offsets };
}

function makeBindGroup(
  device: GPUDevice,
  { layout }: CompiledShader,
  step: ProgramStep,
  call: WebgpuCall,
  params: GPUBufferBinding | undefined,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = call.shader.bindings.map((name, i) => {
    const operand = call.buffers[name];
    if (!operand) throw new DeviceError(`${call.shader.name}: the buffer ${name} is missing`);
    return { binding: i + 1, resource: bindingOf(step.resolve(operand), operand.bytes) };
  });
  if (params) entries.push({ binding: 0, resource: params });
  return device.createBindGroup({ label: call.shader.name, layout, entries });
}

/** Bindings are whole words: values of bytes are padded in memory. */
function bindingOf(extent: Extent, bytes = extent.bytes): GPUBufferBinding {
  return { buffer: (extent.block as GpuBlock).buffer, offset: extent.offset, size: Math.ceil(bytes / 4) * 4 };
}
