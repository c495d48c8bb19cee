/** Element types. f32 is the only one that is differentiated; the integers carry labels, indices, counters, pixels. */
export type DType = 'f32' | 'i32' | 'u32' | 'u8';

export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint8Array;

export const bytesPerElement: Record<DType, number> = { f32: 4, i32: 4, u32: 4, u8: 1 };

const constructors = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array } as const;

/** A zero-filled host array of `length` elements. */
export function allocate(dtype: DType, length: number): TypedArray {
  return new constructors[dtype](length);
}

/** A typed view of bytes; `bytes.byteOffset` must be a multiple of the element size. */
export function viewAs(dtype: DType, bytes: Uint8Array): TypedArray {
  const buffer = bytes.buffer as ArrayBuffer; // shared memory is viewed the same way
  return new constructors[dtype](buffer, bytes.byteOffset, bytes.byteLength / bytesPerElement[dtype]);
}

export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'f32';
  if (array instanceof Int32Array) return 'i32';
  if (array instanceof Uint32Array) return 'u32';
  return 'u8';
}
