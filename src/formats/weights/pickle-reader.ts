import { FormatError } from '../../utils/errors.js';

const MAX_LINE = 4096;
/** Longer integers than any that is meant as a number. */
const MAX_LONG_BYTES = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads the arguments of a pickle's opcodes. Every length is checked against the bytes that are there. */
export class PickleReader {
  readonly #view: DataView;

  constructor(
    private readonly content: Uint8Array,
    /** The next byte. */
    public at: number,
    private readonly path: string,
  ) {
    this.#view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const start = this.at;
    if (!(length >= 0) || length > this.content.length - start) {
      return this.#fail(`${length} bytes are needed at byte ${start} of ${this.content.length}`);
    }
    this.at += length;
    return this.content.subarray(start, this.at);
  }

  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch {
      return this.#fail(`the text at byte ${this.at - length} is not UTF-8`);
    }
  }

  uint8(): number {
    return this.bytes(1)[0];
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** Big-endian, the only number of a pickle that is. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A length or count of 64 bits. */
  size64(): number {
    const value = Number(this.#view.getBigUint64(this.#skip(8), true));
    return Number.isSafeInteger(value) ? value : this.#fail(`a length is ${value}`);
  }

  /** Two's complement of `length` bytes, little-endian. */
  long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) return this.#fail(`an integer has ${length} bytes`);
    let value = 0n;
    for (const byte of this.bytes(length).slice().reverse()) value = (value << 8n) | BigInt(byte);
    return narrow(BigInt.asIntN(8 * length, value));
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.content.indexOf(10, this.at);
    if (end < 0 || end - this.at > MAX_LINE) return this.#fail(`the line at byte ${this.at} has no end`);
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  decimal(): number | bigint {
    const text = this.line().replace(/L$/, '');
    if (text.length > MAX_LONG_BYTES || !/^-?\d+$/.test(text)) return this.#fail(`'${text}' is no integer`);
    return narrow(BigInt(text));
  }

  /** `01` and `00` are what protocol 0 writes for booleans. */
  decimalOrBoolean(): number | bigint | boolean {
    const start = this.at;
    const text = this.line();
    if (text === '01' || text === '00') return text === '01';
    this.at = start;
    return this.decimal();
  }

  #skip(length: number): number {
    this.bytes(length);
    return this.at - length;
  }

  #fail(what: string): never {
    throw new FormatError(`${this.path}: the pickle is damaged: ${what}`, 'get the file again');
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
