import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

/** Dawn dies with this object: as long as a module holds it, it is not collected. */
export const gpu: GPU = create([]);

/** What the launcher `build/test.mjs` chose; throws when there is none, so that no test passes by doing nothing. */
export async function requestAdapter(): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter();
  if (adapter) return adapter;
  throw new Error('no WebGPU adapter: start the tests with `npm test`, which brings a driver that needs no GPU');
}

/** `llvmpipe: Mesa 25.0.7 …` and the like. */
export const adapterName = ({ info }: GPUAdapter): string =>
  [info.description || info.device || info.architecture, info.isFallbackAdapter ? '(software)' : ''].join(' ').trim();
