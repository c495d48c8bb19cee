import { DeviceError } from '../../utils/errors.js';
import type { Shader, WebgpuCall } from './kernel.js';

export interface CompiledShader {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles each (shader, constants) once and keeps it for the life of the device. */
export class PipelineCache {
  readonly #modules = new Map<string, GPUShaderModule>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #pipelines = new Map<string, Promise<CompiledShader>>();

  constructor(readonly device: GPUDevice) {}

  get size(): number {
    return this.#pipelines.size;
  }

  get({ shader, overrides }: WebgpuCall): Promise<CompiledShader> {
    const constants = Object.entries(overrides).filter(([, value]) => value !== undefined);
    const key = `${shader.name}|${constants.map(([name, value]) => `${name}=${value}`).join()}`;
    let compiled = this.#pipelines.get(key);
    if (!compiled) {
      compiled = this.#compile(shader, Object.fromEntries(constants), key);
      this.#pipelines.set(key, compiled);
    }
    return compiled;
  }

  async #compile(shader: Shader, constants: Record<string, number>, label: string): Promise<CompiledShader> {
    const layout = this.#layout(shader);
    try {
      const pipeline = await this.device.createComputePipelineAsync({
        label,
        layout: this.device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: { module: this.#module(shader), entryPoint: 'main', constants },
      });
      return { pipeline, layout };
    } catch (error) {
      throw new DeviceError(`the shader ${label} does not compile: ${error instanceof Error ? error.message : error}`);
    }
  }

  #module(shader: Shader): GPUShaderModule {
    let module = this.#modules.get(shader.name);
    if (!module) {
      module = this.device.createShaderModule({ label: shader.name, code: shader.source });
      this.#modules.set(shader.name, module);
    }
    return module;
  }

  /** Binding 0 is the uniform `Params` when there is one; storage follows from 1. */
  #layout(shader: Shader): GPUBindGroupLayout {
    const uniform = Object.keys(shader.params).length > 0;
    const key = `${uniform}${shader.bindings.length}`;
    let layout = this.#layouts.get(key);
    if (!layout) {
      const visibility = 4; // GPUShaderStage.COMPUTE; the global is not there in every host
      const storage = shader.bindings.map(
        (_, i): GPUBindGroupLayoutEntry => ({ binding: i + 1, visibility, buffer: { type: 'storage' } }),
      );
      const params: GPUBindGroupLayoutEntry = { binding: 0, visibility, buffer: { type: 'uniform' } };
      layout = this.device.createBindGroupLayout({ label: key, entries: uniform ? [params, ...storage] : storage });
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}
