import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nodePlatform, packageRoot } from '../../platform/node.js';
import { CvnetsError } from '../../utils/errors.js';
import { fillWith } from './fill.js';
import { fingerprint } from './fingerprint.js';
import { observeGpu } from './observe-gpu.js';
import { onnxModel } from './onnx-model.js';
import { ownLibrary } from './own-library.js';
import type { PeerModule } from './peer-module.js';
import { type Host, LibrarySide } from './runner.js';
import type { BenchTask, Side } from './side.js';

export interface SideOptions {
  /** `cvnets` or the file in `bench/` without its ending. */
  readonly library: string;
  readonly device: 'auto' | 'wasm' | 'webgpu';
  readonly threads: number;
}

/** Folder with what runs peers, and the packages that are installed for them. */
export const peersFolder = (): string => join(packageRoot(), 'bench');

/** Opens a side in this process: what a child of `cvnets bench` does. */
export async function openSide({ library, device, threads }: SideOptions): Promise<Side> {
  // Dawn's classes are there, and counted, before anybody makes a device.
  const gpu = device === 'wasm' ? undefined : await nodePlatform.gpu();
  const observer = gpu && observeGpu();
  const before = process.memoryUsage.rss();
  const host: Host = {
    now: () => performance.now(),
    observer,
    facts: () => ({ resident: process.resourceUsage().maxRSS * 1024 - before }),
  };
  if (library === 'cvnets') {
    return new LibrarySide(await ownLibrary(nodePlatform, { device, threads, observer }), host);
  }
  const path = join(peersFolder(), `${library}.mjs`);
  if (!existsSync(path)) throw new CvnetsError(`there is no ${path}`, 'install the package again');
  if (gpu) Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const peer = (await import(pathToFileURL(path).href)) as PeerModule;
  const manifest = JSON.parse(readFileSync(join(peersFolder(), 'package.json'), 'utf8'));
  const tools = {
    device: gpu ? 'webgpu' : 'cpu',
    threads,
    versions: manifest.dependencies,
    onnxModel: (task: BenchTask) => onnxModel(nodePlatform, task),
    fillWith,
    fingerprint,
  } as const;
  return new LibrarySide(await peer.open(tools), host);
}
