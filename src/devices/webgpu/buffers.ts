import { DeviceError } from '../../utils/errors.js';
import type { Block, Download, Upload } from '../device.js';

export interface GpuBlock extends Block {
  readonly buffer: GPUBuffer;
}

const STORAGE = 0x80;
const COPY_SRC = 0x4;
export const COPY_DST = 0x8;
const MAP_READ = 0x1;
const READ_MODE = 0x1;

const words = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** Creates, counts and destroys the device's buffers, and moves bytes in and out. */
export class GpuBuffers {
  #bytes = 0;
  #peak = 0;
  /** Buffers for reading back, reused by size: replay creates none once each has been made. */
  readonly #staging = new Map<number, GPUBuffer[]>();

  constructor(readonly device: GPUDevice) {}

  get bytes(): number {
    return this.#bytes;
  }

  get peakBytes(): number {
    return this.#peak;
  }

  allocate(bytes: number, label: string): GpuBlock {
    const size = words(bytes);
    const { maxBufferSize } = this.device.limits;
    if (size > maxBufferSize) {
      throw new DeviceError(
        `${label} needs ${size} bytes, this adapter's buffers end at ${maxBufferSize}`,
        'use a smaller batch or resolution',
      );
    }
    return { label, bytes, buffer: this.create({ label, size, usage: STORAGE | COPY_SRC | COPY_DST }) };
  }

  free(block: GpuBlock): void {
    this.destroy(block.buffer);
  }

  /** Every buffer of the device is made here, so that the bytes held are known. */
  create(descriptor: GPUBufferDescriptor): GPUBuffer {
    this.#bytes += descriptor.size;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return this.device.createBuffer(descriptor);
  }

  destroy(buffer: GPUBuffer): void {
    this.#bytes -= buffer.size;
    buffer.destroy();
  }

  upload(uploads: readonly Upload[]): void {
    for (const { to, data } of uploads) {
      // Dawn's binding for Node ends the process when it is given shared memory.
      const asItIs = data.byteLength % 4 === 0 && data.buffer instanceof ArrayBuffer;
      const whole = asItIs ? data : padded(data);
      this.device.queue.writeBuffer((to.block as GpuBlock).buffer, to.offset, whole as Uint8Array<ArrayBuffer>);
    }
  }

  /** Records the copies; call the returned function after submitting. */
  download(encoder: GPUCommandEncoder, downloads: readonly Download[]): () => Promise<Uint8Array[]> {
    if (downloads.length === 0) return async () => [];
    const total = stagingBytes(downloads.map(({ bytes }) => bytes));
    const staging = this.#staging.get(total)?.pop() ?? this.create({ size: total, usage: MAP_READ | COPY_DST });
    let at = 0;
    for (const { from, bytes } of downloads) {
      encoder.copyBufferToBuffer((from.block as GpuBlock).buffer, from.offset, staging, at, words(bytes));
      at += words(bytes);
    }
    return async () => {
      await staging.mapAsync(READ_MODE);
      const mapped = new Uint8Array(staging.getMappedRange());
      let start = 0;
      const results = downloads.map(({ bytes }) => {
        const result = mapped.slice(start, start + bytes);
        start += words(bytes);
        return result;
      });
      staging.unmap();
      const free = this.#staging.get(total) ?? [];
      free.push(staging);
      this.#staging.set(total, free);
      return results;
    };
  }
}

/** Length of the buffer that values of these sizes are read back through. */
export function stagingBytes(sizes: readonly number[]): number {
  return sizes.reduce((sum, bytes) => sum + words(bytes), 0);
}

function padded(data: Uint8Array): Uint8Array {
  const whole = new Uint8Array(words(data.byteLength));
  whole.set(data);
  return whole;
}
