import { at, type Operand } from '../device.js';

const ALIGNMENT = 16;

/** Gathers a node's read-only tables into the one block of bytes that a lowering may return. */
export class Constants {
  readonly #parts: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  #length = 0;

  add(values: Int32Array | Uint32Array | Float32Array): Operand {
    const offset = this.#length;
    this.#parts.push({ offset, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
    this.#length += Math.ceil(values.byteLength / ALIGNMENT) * ALIGNMENT;
    return at('constants', offset);
  }

  /** Undefined when nothing was added. */
  get bytes(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const result = new Uint8Array(this.#length);
    for (const { offset, bytes } of this.#parts) result.set(bytes, offset);
    return result;
  }
}
