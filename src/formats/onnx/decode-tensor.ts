import { FormatError } from '../../utils/errors.js';
import type { ProtoField } from '../protobuf/reader.js';
import { type ElementType, elementBytes, elementTypes, type OnnxTensor } from './model.js';

const MAX_RANK = 64;

/**
 * TensorProto, with its values as raw bytes whichever field they came in. The size that the shape asks for is compared
 * with the bytes that are there before anything is allocated.
 */
export function decodeTensor(fields: Iterable<ProtoField>, path: string): OnnxTensor {
  const dims: number[] = [];
  const typed: (number | bigint)[] = [];
  const external: Record<string, string> = {};
  let name = '';
  let number = 0;
  let raw: Uint8Array | undefined;
  let isExternal = false;
  let strings = 0;
  for (const field of fields) {
    if (field.number === 1) dims.push(...field.ints());
    else if (field.number === 2) number = field.int();
    else if (field.number === 4) for (const value of field.floats()) typed.push(value);
    else if (field.number === 5 || field.number === 7 || field.number === 11)
      for (const value of field.bigints()) typed.push(value);
    else if (field.number === 6) strings++;
    else if (field.number === 10) for (const value of field.doubles()) typed.push(value);
    else if (field.number === 8) name = field.string();
    else if (field.number === 9) raw = field.bytes();
    else if (field.number === 13) addEntry(field, external);
    else if (field.number === 14) isExternal = field.int() === 1;
  }
  const fail = (what: string): never => {
    throw new FormatError(
      `${path}: tensor ${name || '(without a name)'} ${what}`,
      'the file is damaged; export it again',
    );
  };
  const type = (Object.keys(elementTypes) as ElementType[]).find((key) => elementTypes[key] === number);
  if (!type) return fail(`has the unknown element type ${number}`);
  if (dims.length > MAX_RANK || dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0)) fail(`has shape [${dims}]`);
  const count = dims.reduce((n, dim) => n * dim, 1);
  if (!Number.isSafeInteger(count)) fail(`has shape [${dims}]`);
  if (isExternal) {
    const needed = count * elementBytes[type];
    const offset = external.offset === undefined ? 0 : Number(external.offset);
    const length = external.length === undefined ? needed : Number(external.length);
    const location = external.location ?? fail('lies in another file, but does not say in which');
    if (!Number.isSafeInteger(offset) || offset < 0 || length !== needed) {
      fail(`[${dims}] needs ${needed} bytes, it points at ${external.length} from ${external.offset} in ${location}`);
    }
    return { name, type, dims, bytes: new Uint8Array(0), external: { location, offset, length } };
  }
  if (type === 'string') {
    if (strings !== count) fail(`[${dims}] needs ${count} texts, it has ${strings}`);
    return { name, type, dims, bytes: new Uint8Array(0) };
  }
  if (raw) {
    if (raw.length !== count * elementBytes[type]) {
      fail(`${type}[${dims}] needs ${count * elementBytes[type]} bytes, it has ${raw.length}`);
    }
    return { name, type, dims, bytes: raw };
  }
  if (typed.length !== count) fail(`${type}[${dims}] needs ${count} values, it has ${typed.length}`);
  return { name, type, dims, bytes: rawBytes(type, typed) };
}

function addEntry(field: ProtoField, entries: Record<string, string>): void {
  let [key, value] = ['', ''];
  for (const inner of field.message()) {
    if (inner.number === 1) key = inner.string();
    else if (inner.number === 2) value = inner.string();
  }
  if (key !== '__proto__') entries[key] = value;
}

type Put = (view: DataView, at: number, value: number | bigint) => void;

const putByte: Put = (view, at, value) => view.setInt8(at, Number(value));
const putShort: Put = (view, at, value) => view.setInt16(at, Number(value), true);
const putWord: Put = (view, at, value) => view.setInt32(at, Number(value), true);
const putLong: Put = (view, at, value) => view.setBigInt64(at, BigInt(value), true);

/** How a value of the typed fields becomes raw. Halves come as their bits, in integers. */
const puts: Readonly<Record<Exclude<ElementType, 'string'>, Put>> = {
  float: (view, at, value) => view.setFloat32(at, Number(value), true),
  double: (view, at, value) => view.setFloat64(at, Number(value), true),
  float16: putShort,
  bfloat16: putShort,
  bool: putByte,
  int8: putByte,
  uint8: putByte,
  int16: putShort,
  uint16: putShort,
  int32: putWord,
  uint32: putWord,
  int64: putLong,
  uint64: putLong,
};

function rawBytes(type: keyof typeof puts, values: readonly (number | bigint)[]): Uint8Array {
  const result = new Uint8Array(values.length * elementBytes[type]);
  const view = new DataView(result.buffer);
  values.forEach((value, i) => {
    puts[type](view, i * elementBytes[type], value);
  });
  return result;
}
