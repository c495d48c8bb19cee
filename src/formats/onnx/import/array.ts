import type { DType, TypedArray } from '../../../tensor/dtype.js';
import { FormatError } from '../../../utils/errors.js';
import { fromBfloat16, fromHalf } from '../../half.js';
import type { ElementType, OnnxTensor } from '../model.js';

/** Values on the host, row-major. Integers of 64 bits are numbers: exact up to 2^53. */
export interface HostArray {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** What a type of the file is on a device: integers are 32 bits wide there, truth values bytes. */
const deviceTypes: Partial<Record<ElementType, DType>> = {
  float: 'f32',
  float16: 'f32',
  bfloat16: 'f32',
  double: 'f32',
  int32: 'i32',
  int64: 'i32',
  bool: 'u8',
  uint8: 'u8',
};

export function deviceType(type: ElementType): DType {
  const dtype = deviceTypes[type];
  if (dtype) return dtype;
  throw new FormatError(`tensors of ${type} are not supported`, `supported: ${Object.keys(deviceTypes).join(', ')}`);
}

export const isFloat = (type: ElementType): boolean => deviceTypes[type] === 'f32';

/** An array of a type, its values rounded or wrapped as the type does. */
export function hostArray(type: ElementType, dims: readonly number[], values: ArrayLike<number>): HostArray {
  const data = isFloat(type) ? Float32Array.from(values) : Float64Array.from(values, wraps[type] ?? Math.trunc);
  return { type, dims, data };
}

const wraps: Partial<Record<ElementType, (value: number) => number>> = {
  bool: (value) => (value ? 1 : 0),
  uint8: (value) => Math.trunc(value) & 255,
  int8: (value) => (Math.trunc(value) << 24) >> 24,
  int16: (value) => (Math.trunc(value) << 16) >> 16,
  uint16: (value) => Math.trunc(value) & 65535,
  int32: (value) => Math.trunc(value) | 0,
  uint32: (value) => Math.trunc(value) >>> 0,
};

/** The contents of a tensor of the file. Throws FormatError for texts. */
export function arrayOf({ name, type, dims, bytes }: OnnxTensor): HostArray {
  const { buffer } = bytes.slice();
  const read = (): ArrayLike<number> => {
    switch (type) {
      case 'float':
        return new Float32Array(buffer);
      case 'double':
        return new Float64Array(buffer);
      case 'float16':
        return fromHalf(new Uint16Array(buffer));
      case 'bfloat16':
        return fromBfloat16(new Uint16Array(buffer));
      case 'int64':
        return Float64Array.from(new BigInt64Array(buffer), Number);
      case 'uint64':
        return Float64Array.from(new BigUint64Array(buffer), Number);
      case 'int32':
        return new Int32Array(buffer);
      case 'uint32':
        return new Uint32Array(buffer);
      case 'int16':
        return new Int16Array(buffer);
      case 'uint16':
        return new Uint16Array(buffer);
      case 'int8':
        return new Int8Array(buffer);
      case 'uint8':
      case 'bool':
        return new Uint8Array(buffer);
      case 'string':
        throw new FormatError(`tensor ${name} holds texts`, 'only numbers are supported');
    }
  };
  const data = isFloat(type) ? Float32Array.from(read()) : Float64Array.from(read());
  return { type, dims, data };
}

/** The values as the device has them. */
export function toDevice({ type, data }: HostArray): TypedArray {
  const dtype = deviceType(type);
  if (dtype === 'f32') return data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === 'u8') return Uint8Array.from(data);
  return Int32Array.from(data, (value) => Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), value)));
}

export const count = (dims: readonly number[]): number => dims.reduce((n, dim) => n * dim, 1);
