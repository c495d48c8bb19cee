/**
 * Memory for batches, used again and again. It has as many blocks as were ever in use at once: those that are filled
 * ahead, and those that are not released yet.
 */
export class BatchRing {
  #free: Uint8Array[] = [];
  #bytes: number;
  #blocks = 0;

  /**
   * @param bytes of the largest batch, as far as it is known
   * @param shared memory that workers can write into
   */
  constructor(
    bytes: number,
    readonly shared: boolean,
  ) {
    this.#bytes = bytes;
  }

  /** Blocks that were made so far. */
  get blocks(): number {
    return this.#blocks;
  }

  /** A block of at least `bytes` bytes, with the pixels of an older batch in it. */
  take(bytes: number): Uint8Array {
    if (bytes > this.#bytes) {
      this.#bytes = bytes;
      this.#free = [];
    }
    const free = this.#free.shift();
    if (free) return free;
    this.#blocks++;
    return new Uint8Array(this.shared ? new SharedArrayBuffer(this.#bytes) : new ArrayBuffer(this.#bytes));
  }

  /** Takes a block back, which must be one of its own that nobody reads or writes any more. */
  give(block: Uint8Array): void {
    if (block.length === this.#bytes) this.#free.push(block);
  }
}
