import { DeviceError, FormatError } from '../utils/errors.js';
import { memoryFiles } from './memory-files.js';
import type { Files, Platform, WorkerHandle } from './platform.js';

/** Reads come from the page's site when they were not written before; writes stay in memory. */
function pageFiles(): Files {
  const written = memoryFiles();
  return {
    ...written,
    async read(path) {
      if (await written.exists(path)) return written.read(path);
      const response = await fetch(path);
      if (!response.ok) throw new FormatError(`cannot read ${path}: HTTP ${response.status}`, 'check the address');
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

/** Gives a worker script the two functions it may use, whatever the host calls them. */
const workerPrelude = `'use strict';
const receive = (listener) => addEventListener('message', (event) => listener(event.data));
const send = (message) => postMessage(message);
`;

function startWorker(source: string, name: string): WorkerHandle {
  const address = URL.createObjectURL(new Blob([workerPrelude, source], { type: 'text/javascript' }));
  const worker = new Worker(address, { name });
  return {
    post: (message) => worker.postMessage(message),
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
 */
export function browserPlatform(assets: URL | string = new URL('../', import.meta.url)): Platform {
  return {
    name: 'browser',
    cores: navigator.hardwareConcurrency || 1,
    sharedMemory: globalThis.crossOriginIsolated === true,
    files: pageFiles(),
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
