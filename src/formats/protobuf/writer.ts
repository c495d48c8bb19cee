/** Wire types of the Protocol Buffers encoding that are in use. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const utf8 = new TextEncoder();

/**
 * Encodes one message. Fields appear in the order of the calls; the caller decides whether a field that holds its
 * default is left out. Large byte fields are kept by reference and never copied: `chunks` hands them to the file.
 */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = [];
  /** Small fields on their way to a chunk. */
  #pending: number[] = [];
  #length = 0;

  /** Bytes of the message so far. */
  get length(): number {
    return this.#length + this.#pending.length;
  }

  /** int32, int64, uint32, uint64, bool and enum fields. Negative numbers take ten bytes, as the format has it. */
  varint(field: number, value: number | bigint): this {
    this.#tag(field, VARINT);
    this.#varint(value);
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.varint(field, value ? 1 : 0);
  }

  /** float fields. */
  float(field: number, value: number): this {
    this.#tag(field, FIXED32);
    this.#pending.push(...new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  /** double fields. */
  double(field: number, value: number): this {
    this.#tag(field, FIXED64);
    this.#pending.push(...new Uint8Array(new Float64Array([value]).buffer));
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  /** The array is not copied: it must not change until the message is written out. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, BYTES);
    this.#varint(value.length);
    this.#adopt(value);
    return this;
  }

  /** A nested message. An empty one is written too: its presence may mean something. */
  message(field: number, body: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    body(inner);
    this.#tag(field, BYTES);
    this.#varint(inner.length);
    for (const chunk of inner.chunks()) this.#adopt(chunk);
    return this;
  }

  /** One entry of a map whose keys are strings: fields 1 and 2 of a nested message. */
  entry(field: number, key: string, value: (entry: ProtoWriter) => void): this {
    return this.message(field, (entry) => {
      entry.string(1, key);
      value(entry);
    });
  }

  /** Repeated int32, int64 or enum fields in the packed form. */
  packedVarints(field: number, values: Iterable<number | bigint>): this {
    const inner = new ProtoWriter();
    for (const value of values) inner.#varint(value);
    return this.bytes(field, inner.finish());
  }

  /** Repeated float fields in the packed form. */
  packedFloats(field: number, values: ArrayLike<number>): this {
    return this.bytes(field, new Uint8Array(Float32Array.from(values).buffer));
  }

  /** The message in parts, to be written one after the other. */
  chunks(): readonly Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  /** The message as one array. */
  finish(): Uint8Array {
    const result = new Uint8Array(this.length);
    let position = 0;
    for (const chunk of this.chunks()) {
      result.set(chunk, position);
      position += chunk.length;
    }
    return result;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) {
      let rest = value;
      for (; rest > 127; rest >>>= 7) this.#pending.push((rest & 127) | 128);
      this.#pending.push(rest);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.#pending.push(Number(rest & 127n) | 128);
    this.#pending.push(Number(rest));
  }

  #adopt(chunk: Uint8Array): void {
    // Small parts are joined, so that a file is not written in thousands of pieces.
    if (chunk.length < 1024) {
      for (const byte of chunk) this.#pending.push(byte);
      return;
    }
    this.#flush();
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#chunks.push(Uint8Array.from(this.#pending));
    this.#length += this.#pending.length;
    this.#pending = [];
  }
}
