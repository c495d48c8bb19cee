import { DeviceError, FormatError } from '../utils/errors.js';
import { memoryFiles } from './memory-files.js';
import type { Files, Platform, WorkerHandle } from './platform.js';

/** Reads come from the given files, then from what was written, then from the page's site; writes stay in memory. */
function pageFiles(given: ReadonlyMap<string, Blob>): Files {
  const written = memoryFiles();
  const folders = foldersOf(given.keys());
  return {
    ...written,
    async read(path) {
      const file = given.get(path);
      if (file) return readBlob(path, file);
      if (await written.exists(path)) return written.read(path);
      const response = await fetch(path);
      if (!response.ok) throw new FormatError(`cannot read ${path}: HTTP ${response.status}`, 'check the address');
      return new Uint8Array(await response.arrayBuffer());
    },
    exists: async (path) => given.has(path) || folders.has(path) || written.exists(path),
    list: async (path) => [...new Set([...(folders.get(path) ?? []), ...(await written.list(path))])].sort(),
  };
}

async function readBlob(path: string, file: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(`cannot read ${path}: ${reason}`, 'was it changed or removed since it was chosen?');
  }
}

/** Names in each folder above some paths. */
function foldersOf(paths: Iterable<string>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    let name = path;
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/')) {
      const folder = name.slice(0, end);
      const names = folders.get(folder);
      folders.set(folder, (names ?? new Set()).add(name.slice(end + 1)));
      if (names) break;
      name = folder;
    }
  }
  return folders;
}

/** Gives a worker script the functions it may use, whatever the host calls them. */
const workerPrelude = `'use strict';
const receive = (listener) => addEventListener('message', (event) => listener(event.data));
const send = (message, transfer) => postMessage(message, transfer);
const threadTime = () => undefined;
`;

function startWorker(source: string, name: string): WorkerHandle {
  const address = URL.createObjectURL(new Blob([workerPrelude, source], { type: 'text/javascript' }));
  const worker = new Worker(address, { name });
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer] as ArrayBuffer[]),
    onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
    onError: (listener) => worker.addEventListener('error', (event) => listener(new Error(event.message))),
    async terminate() {
      worker.terminate();
      URL.revokeObjectURL(address);
    },
  };
}

/**
 * A page, or a worker of one.
 * @param assets address of the folder that holds `kernels.wasm`; by default the one above this module's bundle.
 * @param given files that a user chose or dropped, by the path under which they are read
 */
export function browserPlatform(
  assets: URL | string = new URL('../', import.meta.url),
  given: ReadonlyMap<string, Blob> = new Map(),
): Platform {
  return {
    name: 'browser',
    cores: navigator.hardwareConcurrency || 1,
    sharedMemory: globalThis.crossOriginIsolated === true,
    files: pageFiles(given),
    now: () => performance.now(),
    async readAsset(name) {
      const address = new URL(name, new URL(assets, globalThis.location?.href));
      const response = await fetch(address);
      if (!response.ok) {
        throw new DeviceError(
          `${address} answers ${response.status}`,
          "serve the package's build/*.wasm and pass its folder to hostPlatform()",
        );
      }
      return new Uint8Array(await response.arrayBuffer());
    },
    async gpu() {
      if (navigator.gpu) return navigator.gpu;
      throw new DeviceError(
        'this browser has no WebGPU',
        "use a browser with WebGPU over https or localhost, or the device 'wasm'",
      );
    },
    startWorker,
    close() {},
  };
}
