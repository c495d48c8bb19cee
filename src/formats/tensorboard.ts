import { crc32c } from './crc.js';

/** A number under a name, such as `loss/train`. */
export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

// Wire types of protocol buffers: https://protobuf.dev/programming-guides/encoding
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextEncoder();

/** What every event file starts with: an Event whose file_version is 2. @param wallTime seconds since 1970 */
export function versionRecord(wallTime: number): Uint8Array<ArrayBuffer> {
  return record(concat(doubleField(1, wallTime), bytesField(3, utf8.encode('brain.Event:2'))));
}

/** An Event with a Summary of one Value for each scalar, as one record of an event file. */
export function scalarsRecord(wallTime: number, step: number, scalars: readonly Scalar[]): Uint8Array<ArrayBuffer> {
  const values = scalars.map(({ tag, value }) =>
    bytesField(1, concat(bytesField(1, utf8.encode(tag)), floatField(2, value))),
  );
  return record(concat(doubleField(1, wallTime), intField(2, step), bytesField(5, concat(...values))));
}

/** TFRecord's framing: length, its check, content, its check; all little-endian. */
export function record(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(content.length), true);
  return concat(length, u32(maskedCheck(length)), content, u32(maskedCheck(content)));
}

/** CRC32C, rotated and shifted, because checks of data that holds checks are weak. */
export function maskedCheck(bytes: Uint8Array): number {
  const check = crc32c(bytes);
  return (((check >>> 15) | (check << 17)) + 0xa282ead8) >>> 0;
}

function key(field: number, wireType: number): Uint8Array {
  return varint((field << 3) | wireType);
}

/** Seven bits a byte, lowest first. @param value a whole number from 0 to 2^53 */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

function intField(field: number, value: number): Uint8Array {
  return concat(key(field, VARINT), varint(value));
}

function bytesField(field: number, content: Uint8Array): Uint8Array {
  return concat(key(field, BYTES), varint(content.length), content);
}

function floatField(field: number, value: number): Uint8Array {
  return concat(
    key(field, FIXED32),
    littleEndian(4, (view) => view.setFloat32(0, value, true)),
  );
}

function doubleField(field: number, value: number): Uint8Array {
  return concat(
    key(field, FIXED64),
    littleEndian(8, (view) => view.setFloat64(0, value, true)),
  );
}

function u32(value: number): Uint8Array {
  return littleEndian(4, (view) => view.setUint32(0, value, true));
}

function littleEndian(bytes: number, write: (view: DataView) => void): Uint8Array {
  const content = new Uint8Array(bytes);
  write(new DataView(content.buffer));
  return content;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
