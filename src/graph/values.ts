import type { Value } from '../devices/device.js';
import { bytesPerElement, type DType, type TypedArray } from '../tensor/dtype.js';
import { defaultLayout, type Layout } from '../tensor/layout.js';
import { type Shape, size } from '../tensor/shape.js';
import type { State } from '../tensor/state.js';

/** Where the bytes of one or more values live. Values that alias each other share one. */
export interface Storage {
  readonly kind: 'pool' | 'constant' | 'state';
  readonly bytes: number;
  /** Uploaded by the caller before each run: never overwritten by an in-place operator. */
  readonly uploaded?: boolean;
  readonly state?: State;
  /** Contents of a constant, row-major. */
  readonly data?: TypedArray;
  /** Block that this storage is a member of, when a multi-tensor operator walks it. */
  group?: Group;
  /** Bytes from the start of the pool, of the program's constants, or of the group. */
  offset: number;
}

/** Pool storages that lie in one block, in list order. */
export interface Group {
  readonly members: readonly Storage[];
  readonly bytes: number;
  offset: number;
}

/** A value and where it lives. The planner may still move it to another storage. */
export interface PlanValue extends Value {
  storage: Storage;
  /** Bytes from the start of the storage: not 0 only for a window of a larger value. */
  offset: number;
}

let nextValue = 1;

export function poolStorage(bytes: number, uploaded = false): Storage {
  return { kind: 'pool', bytes, uploaded, offset: -1 };
}

export function makeValue(
  name: string,
  shape: Shape,
  dtype: DType,
  storage?: Storage,
  layout: Layout = defaultLayout(shape.length),
  offset = 0,
): PlanValue {
  const bytes = size(shape) * bytesPerElement[dtype];
  return { id: nextValue++, name, shape, dtype, layout, bytes, storage: storage ?? poolStorage(bytes), offset };
}
