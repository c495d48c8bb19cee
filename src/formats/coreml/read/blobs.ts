import { FormatError } from '../../../utils/errors.js';

/** What lies at one offset of a file of weights. */
export interface Blob {
  readonly offset: number;
  readonly dtype: 'fp16' | 'fp32' | 'other';
  readonly bytes: Uint8Array;
}

const HEADER = 64;

/** Reads the blob whose description begins at `offset`. Throws FormatError with what is wrong. */
export function readBlob(file: Uint8Array, offset: number): Blob {
  const fail = (what: string): never => {
    throw new FormatError(`the blob at ${offset} ${what}`, 'the file of weights is damaged or of another model');
  };
  if (offset % 64) fail('is not at a multiple of 64');
  if (offset < HEADER || offset + HEADER > file.length) fail(`is outside of the ${file.length} bytes that there are`);
  const view = new DataView(file.buffer, file.byteOffset + offset, HEADER);
  if (view.getUint32(0, true) !== 0xdeadbeef) fail('has no description');
  const code = view.getUint32(4, true);
  const length = Number(view.getBigUint64(8, true));
  const start = Number(view.getBigUint64(16, true));
  if (start % 64) fail(`has its bytes at ${start}, which is no multiple of 64`);
  if (start < offset + HEADER || start + length > file.length) {
    fail(`has its bytes at ${start} to ${start + length} of ${file.length}`);
  }
  const dtype = code === 1 ? 'fp16' : code === 2 ? 'fp32' : 'other';
  return { offset, dtype, bytes: file.subarray(start, start + length) };
}

/** Every blob from the first to the last. Throws FormatError when the header or a blob is not as it must be. */
export function walkBlobs(file: Uint8Array): Blob[] {
  if (file.length < HEADER) throw new FormatError(`the file of weights has ${file.length} bytes, its header has 64`);
  const view = new DataView(file.buffer, file.byteOffset, HEADER);
  const [count, version] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (version !== 2) throw new FormatError(`the file of weights has version ${version}, known is 2`);
  const blobs: Blob[] = [];
  for (let offset = HEADER; offset < file.length; ) {
    const blob = readBlob(file, offset);
    blobs.push(blob);
    const end = blob.bytes.byteOffset - file.byteOffset + blob.bytes.length;
    offset = Math.ceil(end / 64) * 64;
  }
  if (blobs.length !== count) throw new FormatError(`the file of weights says ${count} blobs, it has ${blobs.length}`);
  return blobs;
}
