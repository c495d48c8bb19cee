/**
 * Memory for batches, used again and again. It has as many blocks as were ever in use at once: those that are filled
 * ahead, and those that are not released yet.
 */
export class BatchRing {
  readonly #free: Uint8Array[] = [];
  #blocks = 0;

  /**
   * @param bytes of the largest batch
   * @param shared memory that workers can write into
   */
  constructor(
    readonly bytes: number,
    readonly shared: boolean,
  ) {}

  /** Blocks that were made so far. */
  get blocks(): number {
    return this.#blocks;
  }

  /** A block of `bytes` bytes, with the pixels of an older batch in it. */
  take(): Uint8Array {
    const free = this.#free.shift();
    if (free) return free;
    this.#blocks++;
    return new Uint8Array(this.shared ? new SharedArrayBuffer(this.bytes) : new ArrayBuffer(this.bytes));
  }

  /** Takes a block back, which must be one of its own that nobody reads or writes any more. */
  give(block: Uint8Array): void {
    this.#free.push(block);
  }
}
