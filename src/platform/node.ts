import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CvnetsError, DeviceError, FormatError } from '../utils/errors.js';
import type { FileContent, Files, Platform, WorkerHandle } from './platform.js';

const packageName = 'cvnets';

/** Folder of the package: the nearest one upwards whose package.json has our name, from sources and bundles alike. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === packageName) return folder;
    if (folder === dirname(folder)) {
      throw new CvnetsError(
        `no package.json named ${packageName} above ${import.meta.url}`,
        'install the package again',
      );
    }
  }
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

const files: Files = {
  async read(path) {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      throw new FormatError(`cannot read ${path}: ${reason(error)}`, 'check the path and its permissions');
    }
  },

  async write(path, content) {
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      await writeThrough(temporary, 'w', content);
      await rename(temporary, path);
      await syncFolder(dirname(path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw new FormatError(`cannot write ${path}: ${reason(error)}`, 'check free space and permissions');
    }
  },

  async rename(from, to) {
    try {
      await rename(from, to);
      await syncFolder(dirname(to));
    } catch (error) {
      throw new FormatError(`cannot rename ${from} to ${to}: ${reason(error)}`, 'check the path and its permissions');
    }
  },

  async append(path, text) {
    try {
      await writeThrough(path, 'a', text);
    } catch (error) {
      throw new FormatError(`cannot write ${path}: ${reason(error)}`, 'check free space and permissions');
    }
  },

  exists: async (path) => existsSync(path),

  async list(path) {
    try {
      return (await readdir(path)).sort();
    } catch (error) {
      throw new FormatError(`cannot list ${path}: ${reason(error)}`, 'check that the folder exists');
    }
  },

  async makeFolder(path) {
    const failed = (error: unknown) =>
      new FormatError(`cannot make the folder ${path}: ${reason(error)}`, 'check the path and its permissions');
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      throw failed(error);
    }
    try {
      await mkdir(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw failed(error);
    }
  },

  remove: (path) => rm(path, { force: true }),
};

async function writeThrough(path: string, flags: 'w' | 'a', content: FileContent): Promise<void> {
  const file = await open(path, flags);
  try {
    const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is on the disk only when its folder is. Windows cannot open folders and needs no such step. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Dawn dies when the object that `create()` returned is collected, so it lives here until `close()`. */
let dawn: GPU | undefined;

interface DawnModule {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

async function loadDawn(): Promise<GPU> {
  let module: DawnModule;
  try {
    const optionalPeer = 'webgpu';
    module = (await import(/* @vite-ignore */ optionalPeer)) as DawnModule;
  } catch (error) {
    throw new DeviceError(
      `WebGPU in Node needs the package webgpu, which did not load: ${reason(error)}`,
      'run `npm install webgpu`, or use --device wasm',
    );
  }
  for (const [name, value] of Object.entries(module.globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return module.create([]);
}

/**
 * Gives a worker script the functions it may use, whatever the host calls them. Node tells a thread's CPU time from
 * version 23.9 on; before, Linux does to the thread that opens this file, as of its last pause or tick.
 */
const workerPrelude = `'use strict';
const { parentPort } = require('node:worker_threads');
const receive = (listener) => parentPort.on('message', listener);
const send = (message, transfer) => parentPort.postMessage(message, transfer);
const threadTime = () => {
  if (process.threadCpuUsage) {
    return () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1e3;
    };
  }
  const { openSync, readSync } = require('node:fs');
  const buffer = Buffer.alloc(64);
  try {
    const file = openSync('/proc/thread-self/schedstat');
    return () => parseInt(buffer.latin1Slice(0, readSync(file, buffer, 0, 64, 0)), 10) / 1e6;
  } catch {
    return undefined;
  }
};
`;

function startWorker(source: string, name: string): WorkerHandle {
  // The script is a classic one, also under `node --input-type=module -e …`, whose flags workers inherit.
  const execArgv = process.execArgv.filter((flag) => !flag.startsWith('--input-type'));
  const worker = new Worker(workerPrelude + source, { eval: true, name, execArgv });
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as ArrayBuffer[]),
    onMessage: (listener) => worker.on('message', listener),
    onError: (listener) => worker.on('error', listener),
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/** Node 20 or newer. */
export const nodePlatform: Platform = {
  name: 'node',
  cores: availableParallelism(),
  sharedMemory: true,
  files,
  now: () => performance.now(),
  async readAsset(name) {
    const path = join(packageRoot(), 'build', name);
    if (!existsSync(path)) throw new DeviceError(`${path} is missing`, 'run `npm run build`');
    return new Uint8Array(await readFile(path));
  },
  async gpu() {
    dawn ??= await loadDawn();
    return dawn;
  },
  startWorker,
  close() {
    dawn = undefined;
  },
};
