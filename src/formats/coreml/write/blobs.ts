const ALIGNMENT = 64;
const VERSION = 2;
const SENTINEL = 0xdeadbeef;
const dtypes = { fp16: 1, fp32: 2 } as const;

/**
 * The file of weights of an ML Program: a header with the count of blobs and the version; then for each blob 64 bytes
 * that describe it, and its bytes. Everything begins at a multiple of 64.
 */
export class BlobWriter {
  readonly #parts: Uint8Array[] = [];
  #count = 0;
  #position = ALIGNMENT;

  /** Appends a blob. @returns the offset that models know it by: that of its description */
  add(dtype: keyof typeof dtypes, bytes: Uint8Array): number {
    const offset = Math.ceil(this.#position / ALIGNMENT) * ALIGNMENT;
    if (offset > this.#position) this.#parts.push(new Uint8Array(offset - this.#position));
    const description = new DataView(new ArrayBuffer(ALIGNMENT));
    description.setUint32(0, SENTINEL, true);
    description.setUint32(4, dtypes[dtype], true);
    description.setBigUint64(8, BigInt(bytes.length), true);
    description.setBigUint64(16, BigInt(offset + ALIGNMENT), true);
    this.#parts.push(new Uint8Array(description.buffer), bytes);
    this.#count++;
    this.#position = offset + ALIGNMENT + bytes.length;
    return offset;
  }

  /** The file in parts. */
  finish(): readonly Uint8Array[] {
    const header = new DataView(new ArrayBuffer(ALIGNMENT));
    header.setUint32(0, this.#count, true);
    header.setUint32(4, VERSION, true);
    return [new Uint8Array(header.buffer), ...this.#parts];
  }
}
