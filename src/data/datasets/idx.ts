import { FormatError } from '../../utils/errors.js';

/** An array of bytes with its dimensions, slowest first. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads the IDX format of MNIST: two zero bytes, element type, rank, big-endian u32 dimensions, elements. Only
 * unsigned bytes are taken. The result is a view: nothing is copied.
 * Throws FormatError when magic, rank or length do not fit.
 */
export function readIdx(file: Uint8Array, name = 'IDX file'): IdxArray {
  const fail = (what: string): never => {
    throw new FormatError(`${name}: ${what}`, 'expected an IDX file of unsigned bytes, unpacked (no .gz)');
  };
  if (file.length < 4) fail(`${file.length} bytes are too few for a header`);
  const [zero, zero2, type, rank] = file;
  if (zero !== 0 || zero2 !== 0) fail(`starts with ${zero}, ${zero2} instead of 0, 0`);
  if (type !== UNSIGNED_BYTE) fail(`element type is 0x${type.toString(16)}, only 0x8 is read`);
  if (rank < 1 || rank > 6) fail(`rank is ${rank}, expected 1 to 6`);
  const start = 4 + 4 * rank;
  if (file.length < start) fail(`${file.length} bytes are too few for ${rank} dimensions`);

  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i, false));
  const elements = shape.reduce((product, d) => product * d, 1);
  if (elements !== file.length - start) fail(`[${shape}] needs ${elements} bytes, the file has ${file.length - start}`);
  return { shape, data: file.subarray(start) };
}

/** The inverse of `readIdx`. */
export function writeIdx({ shape, data }: IdxArray): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(file.buffer);
  file.set([0, 0, UNSIGNED_BYTE, shape.length]);
  shape.forEach((d, i) => {
    view.setUint32(4 + 4 * i, d, false);
  });
  file.set(data, 4 + 4 * shape.length);
  return file;
}
