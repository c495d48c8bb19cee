import type { TypedArray } from '../tensor/dtype.js';
import { size } from '../tensor/shape.js';
import { FormatError } from '../utils/errors.js';

/** Bytes an element of each type that the format knows. */
const elementBytes = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type SafetensorsDtype = keyof typeof elementBytes;

export interface SafetensorsTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const METADATA = '__metadata__';
const MAX_HEADER_BYTES = 100_000_000;

const arrays = { F32: Float32Array, I32: Int32Array, U32: Uint32Array, U8: Uint8Array } as const;

/** A tensor's values as an array of their own. Throws FormatError for types that training does not use. */
export function toTypedArray(name: string, { dtype, bytes }: SafetensorsTensor): TypedArray {
  if (!(dtype in arrays)) {
    throw new FormatError(`${name} is ${dtype}; only ${Object.keys(arrays).join(', ')} are read`, 'convert it to F32');
  }
  return new arrays[dtype as keyof typeof arrays](bytes.slice().buffer);
}

export function fromTypedArray(array: TypedArray, shape: readonly number[]): SafetensorsTensor {
  const dtype = (Object.keys(arrays) as (keyof typeof arrays)[]).find((key) => array instanceof arrays[key])!;
  return { dtype, shape, bytes: new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength) };
}

/**
 * Reads a file: u64 header length, JSON header, tensor bytes. Tensors are views of `file`.
 * Throws FormatError unless the header is complete and the tensors fill the rest without gap or overlap.
 */
export function readSafetensors(file: Uint8Array, name = 'safetensors file'): SafetensorsFile {
  const fail = (what: string): never => {
    throw new FormatError(`${name}: ${what}`, 'the file is damaged or no safetensors file; get it again');
  };
  if (file.length < 8) fail(`${file.length} bytes are too few for a header`);
  const headerBytes = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || headerBytes > file.length - 8) {
    fail(`header of ${headerBytes} bytes in a file of ${file.length}`);
  }
  const header = parseHeader(file.subarray(8, 8 + headerBytes), fail);
  const data = file.subarray(8 + headerBytes);

  const metadata = new Map<string, string>();
  const tensors = new Map<string, SafetensorsTensor>();
  const ranges: { key: string; begin: number; end: number }[] = [];
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__proto__') fail('a tensor is named __proto__');
    if (key === METADATA) {
      for (const [k, v] of readMetadata(entry, fail)) metadata.set(k, v);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(key, entry, data.length, fail);
    tensors.set(key, { dtype, shape, bytes: data.subarray(begin, end) });
    ranges.push({ key, begin, end });
  }

  let position = 0;
  for (const { key, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) fail(`${key} starts at byte ${begin}, the tensor before ends at ${position}`);
    position = end;
  }
  if (position !== data.length) fail(`the tensors end at byte ${position} of ${data.length}`);
  return { tensors, metadata };
}

type Fail = (what: string) => never;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    fail('the header is not JSON');
  }
  return isRecord(header) ? header : fail('the header is not a JSON object');
}

function readMetadata(entry: unknown, fail: Fail): [string, string][] {
  if (!isRecord(entry)) return fail(`${METADATA} is not an object`);
  return Object.entries(entry).map(([key, value]) => {
    if (key === '__proto__' || typeof value !== 'string') return fail(`${METADATA}.${key} is not a string`);
    return [key, value];
  });
}

function readEntry(key: string, entry: unknown, available: number, fail: Fail) {
  if (!isRecord(entry)) return fail(`${key} is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) return fail(`${key} has dtype ${dtype}`);
  if (!isIndexArray(shape)) return fail(`${key} has shape ${JSON.stringify(shape)}`);
  if (!isIndexArray(offsets) || offsets.length !== 2) return fail(`${key} has offsets ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets;
  if (begin > end || end > available) return fail(`${key} is at ${begin}..${end} of ${available} bytes`);
  const needed = size(shape) * elementBytes[dtype as SafetensorsDtype];
  if (needed !== end - begin) return fail(`${key} ${dtype}[${shape}] needs ${needed} bytes, has ${end - begin}`);
  return { dtype: dtype as SafetensorsDtype, shape, begin, end };
}

function isIndexArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/**
 * Writes a file. The same tensors and metadata give the same bytes: wide types first, then by name; the header is
 * padded with spaces so that data starts at a multiple of 8 and every tensor at a multiple of its element.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const header: [string, unknown][] = [];
  if (metadata.size > 0) header.push([METADATA, Object.fromEntries([...metadata].sort(byName))]);
  const ordered = [...tensors].sort((a, b) => elementBytes[b[1].dtype] - elementBytes[a[1].dtype] || byName(a, b));
  let position = 0;
  for (const [name, { dtype, shape, bytes }] of ordered) {
    if (name === METADATA || name === '__proto__') throw new FormatError(`a tensor may not be named ${name}`);
    if (bytes.length !== size(shape) * elementBytes[dtype]) {
      throw new FormatError(`${name} ${dtype}[${shape}] has ${bytes.length} bytes`);
    }
    header.push([name, { dtype, shape, data_offsets: [position, position + bytes.length] }]);
    position += bytes.length;
  }
  // Joined by hand: an object literal would move names that look like numbers to the front.
  const json = `{${header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  const headerBytes = new TextEncoder().encode(json);
  const padded = Math.ceil(headerBytes.length / 8) * 8;

  const file = new Uint8Array(8 + padded + position);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.fill(0x20, 8, 8 + padded);
  file.set(headerBytes, 8);
  let offset = 8 + padded;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}

/** Code-unit order: independent of the locale. */
function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
