import { FormatError } from '../../utils/errors.js';
import type { SafetensorsDtype, SafetensorsTensor } from '../safetensors.js';
import { readZip, unzip } from './zip.js';

/** NumPy's type strings, little-endian ones, and those of one byte. */
const types: Readonly<Record<string, readonly [SafetensorsDtype, number]>> = {
  '<f8': ['F64', 8],
  '<f4': ['F32', 4],
  '<f2': ['F16', 2],
  '<i8': ['I64', 8],
  '<i4': ['I32', 4],
  '<i2': ['I16', 2],
  '<u8': ['U64', 8],
  '<u4': ['U32', 4],
  '<u2': ['U16', 2],
  '|i1': ['I8', 1],
  '|u1': ['U8', 1],
  '|b1': ['BOOL', 1],
};

const MAGIC = '\x93NUMPY';
const MAX_HEADER = 65536;

/** The header is a Python literal with exactly these keys, in any order; it is matched, never evaluated. */
const ENTRY = /^\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\(\s*(?:\d+\s*,?\s*)*\))\s*(?:,|$)/;

/** One array of NumPy's .npy format, versions 1 to 3. */
export function readNpy(file: Uint8Array, name: string): SafetensorsTensor {
  const fail: (what: string) => never = (what) => {
    throw new FormatError(`${name}: ${what}`, 'save it with numpy.save or numpy.savez as an array of numbers');
  };
  if (file.length < 12 || String.fromCharCode(...file.subarray(0, 6)) !== MAGIC) fail('is no .npy array');
  const version = file[6];
  if (version < 1 || version > 3) fail(`is of version ${version}.${file[7]}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [start, length] = version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (length > MAX_HEADER || start + length > file.length) fail(`its header of ${length} bytes does not fit`);
  const header = parseHeader(new TextDecoder().decode(file.subarray(start, start + length)), fail);
  if (!Object.hasOwn(types, header.descr)) {
    return fail(`has type ${header.descr}; ${Object.keys(types).join(', ')} are read`);
  }
  const [dtype, elementBytes] = types[header.descr];
  const { shape } = header;
  const needed = shape.reduce((product, extent) => product * extent, elementBytes);
  const bytes = file.subarray(start + length);
  if (needed !== bytes.length) fail(`${dtype}[${shape}] needs ${needed} bytes, has ${bytes.length}`);
  return { dtype, shape, bytes: header.fortran ? rowMajor(bytes, shape, elementBytes) : bytes };
}

function parseHeader(text: string, fail: (what: string) => never) {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1].trim();
  const found = new Map<string, string>();
  let rest = body ?? fail('its header is no dict');
  while (rest) {
    const match = ENTRY.exec(rest) ?? fail(`its header has ${JSON.stringify(rest.slice(0, 60))}`);
    if (found.has(match[1])) fail(`its header has two of ${match[1]}`);
    found.set(match[1], match[2]);
    rest = rest.slice(match[0].length).trim();
  }
  const get = (key: string) => found.get(key) ?? fail(`its header has no ${key}`);
  const [descr, order, shape] = [get('descr'), get('fortran_order'), get('shape')];
  const isBoolean = order === 'True' || order === 'False';
  if (!descr.startsWith("'") || !isBoolean || !shape.startsWith('(')) fail('its header has values of other kinds');
  const extents = [...shape.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  if (extents.length > 8 || !extents.every(Number.isSafeInteger)) fail(`its shape is ${shape.slice(0, 60)}`);
  return { descr: descr.slice(1, -1), fortran: order === 'True', shape: extents };
}

/** Elements whose first axis is the fastest, in the order where the last one is. */
function rowMajor(bytes: Uint8Array, shape: readonly number[], elementBytes: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < bytes.length / elementBytes; i++) {
    let [from, step] = [0, elementBytes];
    for (let axis = 0; axis < shape.length; axis++) {
      from += index[axis] * step;
      step *= shape[axis];
    }
    result.set(bytes.subarray(from, from + elementBytes), i * elementBytes);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return result;
}

/** The arrays of an .npz archive by name, without the ending. Throws FormatError for anything else in it. */
export async function readNpz(file: Uint8Array, path: string): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const entry of readZip(file, path).values()) {
    if (!entry.name.endsWith('.npy')) throw new FormatError(`${path}: ${entry.name} is no array`, 'give an .npz file');
    const name = entry.name.slice(0, -4);
    if (name === '__proto__') throw new FormatError(`${path}: an array is named __proto__`, 'the file is hostile');
    tensors.set(name, readNpy(await unzip(entry, path), `${path}: ${name}`));
  }
  return tensors;
}
