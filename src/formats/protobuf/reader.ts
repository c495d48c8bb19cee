import { FormatError } from '../../utils/errors.js';
import { BYTES, FIXED32, FIXED64, VARINT } from './writer.js';

/** Deeper nesting than any model has; a hostile file stops here instead of at the end of the stack. */
const MAX_DEPTH = 64;
const DAMAGED = 'the file is damaged or of another kind; get it again';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One field of a message. Each reading method checks that the wire type fits. */
export class ProtoField {
  constructor(
    /** Number of the field. */
    readonly number: number,
    private readonly wire: number,
    private readonly scalar: bigint,
    private readonly content: Uint8Array,
    private readonly depth: number,
    private readonly path: string,
  ) {}

  /** A 64-bit signed integer that a number holds exactly. */
  int(): number {
    const value = Number(BigInt.asIntN(64, this.#scalar(VARINT)));
    if (!Number.isSafeInteger(value)) this.#fail(`holds ${value}, which is beyond 2^53`);
    return value;
  }

  bigint(): bigint {
    return BigInt.asIntN(64, this.#scalar(VARINT));
  }

  bool(): boolean {
    return this.#scalar(VARINT) !== 0n;
  }

  float(): number {
    return this.#view(FIXED32).getFloat32(0, true);
  }

  double(): number {
    return this.#view(FIXED64).getFloat64(0, true);
  }

  /** A view of the file's bytes. */
  bytes(): Uint8Array {
    if (this.wire !== BYTES) this.#fail(`has wire type ${this.wire}, needed ${BYTES}`);
    return this.content;
  }

  string(): string {
    const bytes = this.bytes();
    try {
      return utf8.decode(bytes);
    } catch {
      return this.#fail('is no UTF-8 text');
    }
  }

  message(): Iterable<ProtoField> {
    if (this.depth >= MAX_DEPTH) this.#fail(`is nested ${this.depth} deep`);
    return fieldsOf(this.bytes(), this.depth + 1, this.path);
  }

  /** Values of a repeated integer field, packed or not: what this occurrence of it adds. */
  bigints(): bigint[] {
    if (this.wire === VARINT) return [this.bigint()];
    const result: bigint[] = [];
    const content = this.bytes();
    for (let at = 0; at < content.length; ) {
      const { value, next } = readVarint(content, at, this.path);
      result.push(BigInt.asIntN(64, value));
      at = next;
    }
    return result;
  }

  /** The same as numbers; what is beyond 2^53 is rounded. */
  ints(): number[] {
    return this.bigints().map(Number);
  }

  floats(): number[] {
    if (this.wire === FIXED32) return [this.float()];
    return [...numbersOf(this.bytes(), 4, (view, at) => view.getFloat32(at, true), this.path)];
  }

  doubles(): number[] {
    if (this.wire === FIXED64) return [this.double()];
    return [...numbersOf(this.bytes(), 8, (view, at) => view.getFloat64(at, true), this.path)];
  }

  #scalar(wire: number): bigint {
    if (this.wire !== wire) this.#fail(`has wire type ${this.wire}, needed ${wire}`);
    return this.scalar;
  }

  #view(wire: number): DataView {
    if (this.wire !== wire) this.#fail(`has wire type ${this.wire}, needed ${wire}`);
    return new DataView(this.content.buffer, this.content.byteOffset, this.content.byteLength);
  }

  #fail(what: string): never {
    throw new FormatError(`${this.path}: field ${this.number} ${what}`, DAMAGED);
  }
}

/**
 * The fields of a message in the order of the file, unknown ones included. Nothing is copied or allocated by a length
 * that the file claims: every length is checked against the bytes that are there.
 * @param path names the message in errors, which are FormatErrors
 */
export function* fieldsOf(bytes: Uint8Array, depth = 0, path = 'protobuf'): Generator<ProtoField> {
  const empty = bytes.subarray(0, 0);
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at, path);
    const [field, wire] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    at = tag.next;
    if (field < 1 || field >= 2 ** 29) throw new FormatError(`${path}: field number ${field}`, DAMAGED);
    if (wire === VARINT) {
      const { value, next } = readVarint(bytes, at, path);
      yield new ProtoField(field, wire, value, empty, depth, path);
      at = next;
      continue;
    }
    let length = wire === FIXED32 ? 4 : 8;
    if (wire === BYTES) {
      const { value, next } = readVarint(bytes, at, path);
      length = Number(value);
      at = next;
    } else if (wire !== FIXED32 && wire !== FIXED64) {
      throw new FormatError(`${path}: field ${field} has wire type ${wire}`, DAMAGED);
    }
    if (length > bytes.length - at) {
      throw new FormatError(`${path}: field ${field} needs ${length} bytes, ${bytes.length - at} are left`, DAMAGED);
    }
    yield new ProtoField(field, wire, 0n, bytes.subarray(at, at + length), depth, path);
    at += length;
  }
}

function readVarint(bytes: Uint8Array, start: number, path: string): { value: bigint; next: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) throw new FormatError(`${path}: ends within a number`, DAMAGED);
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value: BigInt.asUintN(64, value), next: start + i + 1 };
  }
  throw new FormatError(`${path}: a number of more than ten bytes`, DAMAGED);
}

function* numbersOf(
  bytes: Uint8Array,
  size: number,
  read: (view: DataView, at: number) => number,
  path: string,
): Generator<number> {
  if (bytes.length % size) throw new FormatError(`${path}: ${bytes.length} bytes of ${size}-byte numbers`, DAMAGED);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += size) yield read(view, at);
}
