import type { KernelOpName } from '../../ops/index.js';
import type { Platform } from '../../platform/platform.js';
import { DeviceError } from '../../utils/errors.js';
import type { Block, Device, Download, KernelNode, LoadedProgram, ProgramStep, Span, Upload } from '../device.js';
import { Heap, type HeapBlock, PAGE_BYTES, RESERVED_BYTES } from './heap.js';
import { FIRST_SLOT, kernelNames } from './instance.js';
import type { WasmCall } from './kernel.js';
import { wasmKernels } from './kernels/index.js';
import { inlinePool, type Pool, workerPool } from './pool.js';
import { findSections, type SectionStep } from './sections.js';
import { encodeTape, tapeBytes } from './tape.js';

const MAX_PAGES = 65536;
/** Threads beyond the cores only wait for each other, and each costs memory. */
const THREADS_PER_CORE = 4;
const ALWAYS_ALLOWED_THREADS = 16;

export interface WasmOptions {
  /**
   * Worker threads; default: one per hardware thread. 0 runs on the calling thread, which must then be allowed to
   * block: a worker, or a Node program. Without shared memory that is the only way.
   */
  threads?: number;
  /** Called with a line when the device cannot do what was asked and does the next best thing. */
  warn?: (message: string) => void;
}

/** The SIMD WebAssembly device. Results are the same bits for every number of threads and on every host. */
export async function createWasmDevice(platform: Platform, options: WasmOptions = {}): Promise<Device> {
  let threads = options.threads ?? platform.cores;
  const most = Math.max(ALWAYS_ALLOWED_THREADS, THREADS_PER_CORE * platform.cores);
  if (!Number.isInteger(threads) || threads < 0 || threads > most) {
    throw new DeviceError(
      `threads is ${threads}, this machine has ${platform.cores} cores`,
      `use a whole number up to ${most}; 0 runs on the calling thread`,
    );
  }
  if (threads > 0 && !platform.sharedMemory) {
    options.warn?.(
      'this page is not cross-origin isolated: no shared memory, so the wasm device runs single-threaded; serve it ' +
        'with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    );
    threads = 0;
  }
  const shared = threads > 0;
  const bytes = await platform.readAsset(shared ? 'kernels.shared.wasm' : 'kernels.wasm');
  const module = await WebAssembly.compile(bytes as BufferSource);
  const memory = new WebAssembly.Memory({ initial: RESERVED_BYTES / PAGE_BYTES, maximum: MAX_PAGES, shared });
  const pool = shared ? await workerPool(platform, module, memory, threads) : inlinePool(module, memory);
  return new WasmDevice(new Heap(memory), pool, kernelNames(module));
}

class WasmDevice implements Device {
  readonly kind = 'wasm';
  readonly numerics = 'portable';
  readonly alignment = 64;
  readonly exclusiveOperands = false;
  readonly maxOperandBytes = 2 ** 32;
  readonly description: string;
  readonly #slots: ReadonlyMap<string, number>;
  /** Runs, reads and writes happen one after the other, in the order they were asked for. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly heap: Heap,
    readonly pool: Pool,
    names: readonly string[],
  ) {
    this.#slots = new Map(names.map((name, i) => [name, FIRST_SLOT + i]));
    this.description = `wasm SIMD, ${pool.threads} thread${pool.threads === 1 ? '' : 's'}`;
  }

  get memory(): { bytes: number; peakBytes: number } {
    return { bytes: this.heap.bytes, peakBytes: this.heap.peakBytes };
  }

  lower(node: KernelNode) {
    return wasmKernels[node.op as KernelOpName](node as KernelNode<never>, { threads: this.pool.threads });
  }

  interleaved(nodes: readonly { readonly node: KernelNode; readonly calls: readonly unknown[] }[]): Span[] {
    return findSections(nodes as readonly SectionStep[]).spans;
  }

  apart(call: unknown): WasmCall {
    const { kernel, args } = call as WasmCall;
    return { kernel, args };
  }

  callName(call: unknown): string {
    return (call as WasmCall).kernel.name;
  }

  allocate(bytes: number, label: string): Block {
    return this.heap.allocate(bytes, label);
  }

  free(block: Block): void {
    this.heap.release(block as HeapBlock);
  }

  async load(steps: readonly ProgramStep[], name: string): Promise<LoadedProgram> {
    const tape = encodeTape(steps as readonly ProgramStep<WasmCall>[], this.#slots);
    const block = this.heap.allocate(tape.bytes, `${name}: tape`);
    this.heap.view(block.address, tape.bytes).set(tape.encode(block.address));
    return {
      run: (uploads, downloads) =>
        this.#enqueue(async () => {
          this.#upload(uploads);
          await this.pool.run(block.address, tape.calls);
          return this.#download(downloads);
        }),
      dispose: () => this.heap.release(block),
    };
  }

  programBytes(calls: readonly unknown[]): number {
    return tapeBytes(calls as readonly WasmCall[]);
  }

  /** Results are read where they lie. */
  readBackBytes(): number {
    return 0;
  }

  write(uploads: readonly Upload[]): Promise<void> {
    return this.#enqueue(async () => this.#upload(uploads));
  }

  read(downloads: readonly Download[]): Promise<Uint8Array[]> {
    return this.#enqueue(async () => this.#download(downloads));
  }

  async close(): Promise<void> {
    await this.#queue.catch(() => {});
    await this.pool.close();
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task);
    this.#queue = result.catch(() => {});
    return result;
  }

  #upload(uploads: readonly Upload[]): void {
    for (const { to, data } of uploads) this.heap.view(address(to), data.byteLength).set(data);
  }

  #download(downloads: readonly Download[]): Uint8Array[] {
    return downloads.map(({ from, bytes }) => this.heap.view(address(from), bytes).slice());
  }
}

function address({ block, offset }: { block: Block; offset: number }): number {
  return (block as HeapBlock).address + offset;
}
