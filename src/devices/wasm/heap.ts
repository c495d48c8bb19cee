import { DeviceError } from '../../utils/errors.js';
import type { Block } from '../device.js';

export const PAGE_BYTES = 65536;
const MAX_PAGES = 65536;
const ALIGNMENT = 64;
/** Kernels may read (never write) this far past the end of a block. */
const OVERREAD = 64;
/** The first page holds the pool's control words and the barrier. */
export const RESERVED_BYTES = PAGE_BYTES;

export interface HeapBlock extends Block {
  /** Bytes from the start of the memory. */
  readonly address: number;
}

/** First-fit allocator over one WebAssembly memory, which it grows as needed, up to 4 GiB. */
export class Heap {
  readonly #free: { start: number; end: number }[] = [];
  #top = RESERVED_BYTES;
  #used = 0;
  #peak = 0;

  constructor(readonly memory: WebAssembly.Memory) {}

  get bytes(): number {
    return this.#used;
  }

  get peakBytes(): number {
    return this.#peak;
  }

  allocate(bytes: number, label: string): HeapBlock {
    const length = span(bytes);
    const hole = this.#free.findIndex((gap) => gap.end - gap.start >= length);
    let address = this.#top;
    if (hole >= 0) {
      address = this.#free[hole].start;
      this.#free[hole].start += length;
      if (this.#free[hole].start === this.#free[hole].end) this.#free.splice(hole, 1);
    } else {
      this.#grow(this.#top + length, label, bytes);
      this.#top += length;
    }
    this.#used += bytes;
    this.#peak = Math.max(this.#peak, this.#used);
    return { label, bytes, address };
  }

  release(block: HeapBlock): void {
    this.#used -= block.bytes;
    this.#free.push({ start: block.address, end: block.address + span(block.bytes) });
    this.#free.sort((a, b) => a.start - b.start);
    for (let i = this.#free.length - 1; i > 0; i--) {
      if (this.#free[i - 1].end !== this.#free[i].start) continue;
      this.#free[i - 1].end = this.#free[i].end;
      this.#free.splice(i, 1);
    }
    const last = this.#free.at(-1);
    if (last?.end === this.#top) {
      this.#top = last.start;
      this.#free.pop();
    }
  }

  /** A fresh view: views go stale when the memory grows. */
  view(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, bytes);
  }

  #grow(end: number, label: string, bytes: number): void {
    const pages = Math.ceil(end / PAGE_BYTES);
    const have = this.memory.buffer.byteLength / PAGE_BYTES;
    if (pages <= have) return;
    if (pages > MAX_PAGES) {
      throw new DeviceError(
        `${label} needs ${bytes} bytes, and a WebAssembly memory ends at 4 GiB (${this.#used} bytes are in use)`,
        'use a smaller batch or resolution',
      );
    }
    try {
      this.memory.grow(pages - have);
    } catch (cause) {
      throw new DeviceError(
        `the host refused ${bytes} bytes for ${label}: ${cause}`,
        'close other programs or use a smaller batch',
      );
    }
  }
}

function span(bytes: number): number {
  return Math.ceil((bytes + OVERREAD) / ALIGNMENT) * ALIGNMENT;
}
