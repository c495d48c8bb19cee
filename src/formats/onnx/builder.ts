import type { DType, TypedArray } from '../../tensor/dtype.js';
import { BATCH, type Shape, size } from '../../tensor/shape.js';
import { constantsOf, type InferenceGraph, type InferenceValue, isConstant } from '../inference/graph.js';
import { Names } from '../inference/names.js';
import type { ElementType, OnnxAttribute, OnnxAttributes, OnnxDim, OnnxNode, OnnxTensor, OnnxValue } from './model.js';

export const elementTypeFor = {
  f32: 'float',
  i32: 'int32',
  u32: 'uint32',
  u8: 'uint8',
} as const satisfies Record<DType, ElementType>;

/** The name that files give to the size of the batch. */
export const BATCH_NAME = 'N';

/** Collects the nodes and tensors of a graph; lowerings speak to it. */
export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly values: OnnxValue[] = [];
  readonly #names = new Names();
  readonly #shared = new Map<string, string>();
  readonly #batches: ReadonlyMap<InferenceValue, number>;

  constructor(
    graph: InferenceGraph,
    /** Version of the standard's operators. */
    readonly opset: number,
  ) {
    this.#batches = batchMultiples(graph);
    for (const value of [...graph.inputs, ...constantsOf(graph), ...graph.nodes.flatMap(({ outputs }) => outputs)]) {
      this.#names.take(value.name);
    }
  }

  /** The name of an operand. Constants become tensors of the file when they are first read. */
  read(value: InferenceValue): string {
    return isConstant(value) ? this.tensor(value.name, value.data, value.shape, value.name) : value.name;
  }

  /** A constant under a name near `wish`; the same `key` gives the same tensor. */
  tensor(wish: string, data: TypedArray, shape: Shape, key = contentKey(data, shape)): string {
    const known = this.#shared.get(key);
    if (known) return known;
    const name = key === wish ? wish : this.#names.take(wish);
    const type = data instanceof Float32Array ? 'float' : data instanceof Int32Array ? 'int32' : 'uint8';
    this.initializers.push({ name, type, dims: shape, bytes: bytesOf(data) });
    this.#shared.set(key, name);
    return name;
  }

  /** A scalar float constant. */
  number(wish: string, value: number): string {
    return this.tensor(wish, Float32Array.of(value), []);
  }

  /** A vector of int64, as shapes, axes and sizes are. */
  integers(wish: string, values: readonly number[]): string {
    const key = `int64 ${values.join()}`;
    const known = this.#shared.get(key);
    if (known) return known;
    const name = this.#names.take(wish);
    const bytes = bytesOf(BigInt64Array.from(values, BigInt));
    this.initializers.push({ name, type: 'int64', dims: [values.length], bytes });
    this.#shared.set(key, name);
    return name;
  }

  /** Appends a node that computes `output`, or several; null stands for an optional input that is left out. */
  node(
    opType: string,
    inputs: readonly (string | null)[],
    output: InferenceValue | readonly InferenceValue[],
    attributes: OnnxAttributes = {},
  ): void {
    const outputs = 'name' in output ? [output] : output;
    const names = outputs.map(({ name }) => name);
    this.#push(opType, inputs, names, attributes);
    this.values.push(...outputs.map((value) => this.describe(value)));
  }

  /** Appends a node whose result is a step on the way to `output`, and returns that result's name. */
  step(
    opType: string,
    inputs: readonly (string | null)[],
    output: InferenceValue,
    shape: Shape = output.shape,
    attributes: OnnxAttributes = {},
  ): string {
    const name = this.#names.take(`${output.name}_${opType.toLowerCase()}`);
    this.#push(opType, inputs, [name], attributes);
    this.values.push({ name, type: elementTypeFor[output.dtype], dims: this.#dims(shape, this.batchOf(output)) });
    return name;
  }

  describe(value: InferenceValue): OnnxValue {
    const dims = this.#dims(value.shape, this.batchOf(value));
    return { name: value.name, type: elementTypeFor[value.dtype], dims };
  }

  /** How many rows of a value there are for each image, where its first size is not fixed. */
  batchOf(value: InferenceValue): number {
    return this.#batches.get(value) ?? 1;
  }

  #dims(shape: Shape, multiple: number): OnnxDim[] {
    // A multiple of the batch has no name in the format: it stays unknown.
    return shape.map((dim) => (dim >= 0 ? dim : multiple === 1 ? BATCH_NAME : undefined));
  }

  #push(
    opType: string,
    inputs: readonly (string | null)[],
    outputs: readonly string[],
    attributes: OnnxAttributes,
  ): void {
    const names = inputs.map((name) => name ?? '');
    this.nodes.push({ name: outputs[0], domain: '', opType, inputs: names, outputs, attributes });
  }
}

/** Rows per image of every value with a symbolic size: 1 unless a reshape joins other axes with the batch. */
function batchMultiples(graph: InferenceGraph): Map<InferenceValue, number> {
  const result = new Map<InferenceValue, number>();
  for (const { op, inputs, outputs } of graph.nodes) {
    const [output] = outputs;
    const source = inputs.find(({ shape }) => shape[0] === BATCH);
    if (output.shape[0] !== BATCH || !source) continue;
    const before = result.get(source) ?? 1;
    const rows = (shape: Shape) => size(shape.slice(1));
    result.set(output, op === 'reshape' ? (before * rows(source.shape)) / rows(output.shape) : before);
  }
  return result;
}

function bytesOf(data: { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number }) {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function contentKey(data: TypedArray, shape: Shape): string {
  return `${data.constructor.name} [${shape}] ${bytesOf(data)}`;
}

export const int = (value: number): OnnxAttribute => ({ type: 'int', value });
export const ints = (value: readonly number[]): OnnxAttribute => ({ type: 'ints', value });
export const float = (value: number): OnnxAttribute => ({ type: 'float', value: Math.fround(value) });
export const string = (value: string): OnnxAttribute => ({ type: 'string', value });
