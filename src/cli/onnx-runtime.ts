import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OnnxRuntime } from '../formats/onnx/executor.js';
import { findPackage } from './find-package.js';

export interface FoundRuntime {
  /** Package and version. */
  readonly name: string;
  readonly runtime: OnnxRuntime;
}

/** Native code first, as it is several times as fast; then its WebAssembly build, which runs anywhere. */
const packages = ['onnxruntime-node', 'onnxruntime-web'] as const;

interface RuntimeModule extends OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number }; logLevel?: string };
}

/** An onnxruntime that is installed in the working directory or beside this package, if it loads. */
export async function findOnnxRuntime(): Promise<FoundRuntime | undefined> {
  for (const name of packages) {
    const folder = await findPackage(name);
    if (!folder) continue;
    try {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
      const entry = createRequire(join(folder, 'package.json')).resolve(name);
      const loaded = (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as {
        default?: RuntimeModule;
      } & RuntimeModule;
      const runtime = loaded.InferenceSession ? loaded : loaded.default!;
      runtime.env.logLevel = 'error';
      // More threads would be workers that keep the process alive.
      if (name === 'onnxruntime-web') runtime.env.wasm.numThreads = 1;
      return { name: `${name} ${version}`, runtime };
    } catch {
      // A build for another machine is installed: the next one may do.
    }
  }
  return undefined;
}
