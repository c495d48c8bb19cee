import { FormatError } from '../../utils/errors.js';
import type { SafetensorsDtype, SafetensorsTensor } from '../safetensors.js';
import { type PickleDict, PickleGlobal, PickleTuple, type PickleValue } from './pickle.js';

/** A run of elements that tensors are views of. */
export interface Storage {
  readonly key: string;
  readonly dtype: SafetensorsDtype;
  readonly elements: number;
  readonly elementBytes: number;
}

const storageTypes: Readonly<Record<string, readonly [SafetensorsDtype, number]>> = {
  DoubleStorage: ['F64', 8],
  FloatStorage: ['F32', 4],
  HalfStorage: ['F16', 2],
  BFloat16Storage: ['BF16', 2],
  LongStorage: ['I64', 8],
  IntStorage: ['I32', 4],
  ShortStorage: ['I16', 2],
  CharStorage: ['I8', 1],
  ByteStorage: ['U8', 1],
  BoolStorage: ['BOOL', 1],
};

const MAX_RANK = 8;
/** Tensors that are no plain run of their storage are copied; all together to no more than this many file sizes. */
const MAX_COPIES = 4;

export interface TorchGlobalsOptions {
  readonly path: string;
  readonly fileBytes: number;
}

/** A view of a storage whose bytes may not have been read yet. */
export class TorchTensor {
  constructor(
    readonly storage: Storage,
    private readonly offset: number,
    private readonly shape: readonly number[],
    private readonly strides: readonly number[],
  ) {}

  /** Row-major bytes: a view of `content` where the tensor is one run of it. */
  materialize(content: Uint8Array): SafetensorsTensor {
    const { dtype, elementBytes } = this.storage;
    const { shape, strides, offset } = this;
    const count = shape.reduce((product, extent) => product * extent, 1);
    const start = offset * elementBytes;
    if (isRun(shape, strides)) return { dtype, shape, bytes: content.subarray(start, start + count * elementBytes) };
    const bytes = new Uint8Array(count * elementBytes);
    const index = new Array<number>(shape.length).fill(0);
    for (let i = 0; i < count; i++) {
      const from = index.reduce((sum, position, axis) => sum + position * strides[axis], offset) * elementBytes;
      bytes.set(content.subarray(from, from + elementBytes), i * elementBytes);
      for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
    }
    return { dtype, shape, bytes };
  }
}

function isRun(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && strides[axis] !== step) return false;
    step *= shape[axis];
  }
  return true;
}

/** Everything that a file of PyTorch may name, and how it refers to its storages. Nothing else is ever made. */
export function torchGlobals({ path, fileBytes }: TorchGlobalsOptions) {
  let copied = 0;
  const fail: (what: string) => never = (what) => {
    throw new FormatError(`${path}: ${what}`, 'the file is damaged or hostile; get it again');
  };

  const size = (value: PickleValue, what: string): number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : fail(`${what} is ${describe(value)}`);
  const sizes = (value: PickleValue, what: string): number[] => {
    const items =
      value instanceof PickleTuple ? value.items : Array.isArray(value) ? value : fail(`${what} is no tuple`);
    if (items.length > MAX_RANK) fail(`${what} has ${items.length} entries`);
    return items.map((item) => size(item, what));
  };

  const rebuildTensor = ([source, offset, shape, strides]: readonly PickleValue[]): PickleValue => {
    const storage = (source as { object?: unknown } | null)?.object as Storage | undefined;
    if (!storage?.key) return fail('a tensor has no storage');
    const [start, extents, steps] = [size(offset, 'an offset'), sizes(shape, 'a shape'), sizes(strides, 'strides')];
    if (extents.length !== steps.length) fail(`a tensor has shape [${extents}] and strides [${steps}]`);
    const count = extents.reduce((product, extent) => product * extent, 1);
    const last = count === 0 ? 0 : extents.reduce((sum, extent, axis) => sum + (extent - 1) * steps[axis], start + 1);
    if (!(last <= storage.elements) || !(count <= storage.elements)) {
      fail(`a tensor [${extents}] with strides [${steps}] at ${start} is outside of its ${storage.elements} elements`);
    }
    if (!isRun(extents, steps)) copied += count * storage.elementBytes;
    if (copied > MAX_COPIES * fileBytes) fail('its tensors would need far more memory than the file has bytes');
    return { object: new TorchTensor(storage, start, extents, steps) };
  };

  const functions: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
    'collections OrderedDict': orderedDict(fail),
    'torch._utils _rebuild_tensor_v2': rebuildTensor,
    'torch._utils _rebuild_tensor': rebuildTensor,
    'torch._utils _rebuild_parameter': ([data]) => data,
    'torch Size': ([items]) => items,
  };
  const allowed = new Map<string, PickleGlobal>();
  for (const [name, call] of Object.entries(functions)) allowed.set(name, new PickleGlobal(name, call));
  for (const name of Object.keys(storageTypes)) allowed.set(`torch ${name}`, new PickleGlobal(name));

  /** `('storage', type, key, device, elements)`; the legacy format adds how storages share memory, if they do. */
  const storageOf = (id: PickleValue): Storage => {
    const items = id instanceof PickleTuple ? id.items : fail('it refers to something that is no storage');
    const [kind, type, key, , elements, view] = items;
    if (kind !== 'storage' || !(type instanceof PickleGlobal) || !Object.hasOwn(storageTypes, type.name)) {
      return fail('it refers to something that is no storage');
    }
    if (view !== undefined && view !== null) fail('its storages are views of each other, which is not read');
    if (typeof key !== 'string' || !/^[\w.-]+$/.test(key)) return fail(`a storage is named ${describe(key)}`);
    const [dtype, elementBytes] = storageTypes[type.name];
    const count = size(elements, `the length of storage ${key}`);
    if (!(count * elementBytes <= 2 ** 40)) fail(`storage ${key} claims ${count} elements`);
    return { key, dtype, elements: count, elementBytes };
  };
  return { allowed, storageOf };
}

/** `OrderedDict()` or `OrderedDict([[key, value], ...])`. */
const orderedDict =
  (fail: (what: string) => never) =>
  ([items]: readonly PickleValue[]): PickleDict => {
    if (items === undefined) return new Map();
    if (!Array.isArray(items)) return fail('an ordered dict is made of something that is no list');
    return new Map(
      items.map((item) => {
        const [key, value] = item instanceof PickleTuple ? item.items : Array.isArray(item) ? item : fail('no pair');
        return [key, value];
      }),
    );
  };

const describe = (value: PickleValue): string =>
  typeof value === 'object' && value !== null ? 'no number' : JSON.stringify(String(value));
