import { FormatError } from '../../../utils/errors.js';
import { fromHalf } from '../../half.js';
import type { MilValue } from '../model.js';
import { readBlob } from './blobs.js';
import { countOf, type Elements, type Operand } from './operation.js';

/** A value of the file as an operand. Throws FormatError when its elements are not what its type says. */
export function constantOperand(value: MilValue, weights: ReadonlyMap<string, Uint8Array>): Operand {
  if ('items' in value) {
    if (value.items.length !== value.type.length) {
      throw new FormatError(`a list of ${value.type.length} has ${value.items.length} items`);
    }
    return { dtype: 'string', shape: [value.items.length], data: value.items.flatMap(({ data }) => data) };
  }
  const { dtype, shape } = value.type;
  const data = 'blob' in value ? blobElements(value, weights) : immediate(value.data, dtype);
  if (data.length !== countOf(shape)) {
    throw new FormatError(`[${shape}] has ${countOf(shape)} elements, the file holds ${data.length}`);
  }
  return { dtype, shape, data };
}

function immediate(data: readonly (number | boolean | string)[], dtype: string): Elements {
  return dtype.startsWith('fp') ? Float32Array.from(data as readonly number[]) : data;
}

function blobElements(value: Extract<MilValue, { blob: unknown }>, weights: ReadonlyMap<string, Uint8Array>): Elements {
  const { file, offset } = value.blob;
  const content = weights.get(file);
  if (!content) throw new FormatError(`the weights ${file} are not there`);
  const blob = readBlob(content, offset);
  const { dtype, shape } = value.type;
  if (blob.dtype !== dtype) throw new FormatError(`the blob at ${offset} holds ${blob.dtype}, needed ${dtype}`);
  const needed = countOf(shape) * (dtype === 'fp16' ? 2 : 4);
  if (blob.bytes.length !== needed) {
    throw new FormatError(
      `the blob at ${offset} has ${blob.bytes.length} bytes, [${shape}] of ${dtype} needs ${needed}`,
    );
  }
  const { buffer } = blob.bytes.slice();
  return dtype === 'fp16' ? fromHalf(new Uint16Array(buffer)) : new Float32Array(buffer);
}
