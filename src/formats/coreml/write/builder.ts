import { type Shape, size } from '../../../tensor/shape.js';
import { FormatError } from '../../../utils/errors.js';
import { toHalf } from '../../half.js';
import { constantsOf, type InferenceGraph, type InferenceValue, isConstant } from '../../inference/graph.js';
import { Names } from '../../inference/names.js';
import type { MilBinding, MilNamedType, MilOperation, MilTensorType, MilValue } from '../model.js';
import type { BlobWriter } from './blobs.js';
import { expectHalfRange } from './half-range.js';

/** Most axes that a tensor may have. */
export const MAX_RANK = 5;
/** Shorter tensors lie in the model itself. */
const LEAST_BLOB = 10;
/** Smallest half: an epsilon that would vanish becomes this. */
const LEAST_HALF = 2 ** -24;
const WEIGHTS = '@model_path/weights/weight.bin';

/** A constant parameter. */
export interface MilConstant {
  readonly dtype: 'bool' | 'string' | 'int32' | 'float';
  readonly shape: Shape;
  readonly data: readonly (number | boolean | string)[] | Float32Array;
}

/** Names of values, or a constant. */
export type MilParameter = string | readonly string[] | MilConstant;
export type MilParameters = Readonly<Record<string, MilParameter>>;

export const int = (value: number): MilConstant => ({ dtype: 'int32', shape: [], data: [value] });
export const ints = (values: readonly number[]): MilConstant => ({
  dtype: 'int32',
  shape: [values.length],
  data: values,
});
export const bool = (value: boolean): MilConstant => ({ dtype: 'bool', shape: [], data: [value] });
export const bools = (values: readonly boolean[]): MilConstant => ({
  dtype: 'bool',
  shape: [values.length],
  data: values,
});
export const text = (value: string): MilConstant => ({ dtype: 'string', shape: [], data: [value] });
export const number = (value: number): MilConstant => ({ dtype: 'float', shape: [], data: [Math.fround(value)] });
export const numbers = (data: Float32Array, shape: Shape = [data.length]): MilConstant => ({
  dtype: 'float',
  shape,
  data,
});

/** Collects the operations of a program; lowerings speak to it. */
export class MilBuilder {
  readonly operations: MilOperation[] = [];
  /** Weights that half precision cannot tell from zero, by the name of their tensor. */
  readonly vanished = new Map<string, number>();
  /** Constants by the name that they got. */
  readonly constants = new Map<string, MilConstant>();
  readonly #names = new Names();
  readonly #constants = new Map<string, string>();
  readonly #renamed = new Map<InferenceValue, string>();

  constructor(
    graph: InferenceGraph,
    /** What floats are between inputs and outputs. */
    readonly float: 'fp16' | 'fp32',
    private readonly blobs: BlobWriter,
  ) {
    for (const value of [...graph.inputs, ...constantsOf(graph), ...graph.nodes.flatMap(({ outputs }) => outputs)]) {
      this.#names.take(value.name);
    }
    if (float === 'fp32') return;
    for (const value of [...graph.inputs, ...graph.outputs])
      this.#renamed.set(value, this.#names.take(`${value.name}_half`));
  }

  /** The name of an operand. Constants become operations of the program when they are first read. */
  read(value: InferenceValue): string {
    if (value.shape.length > MAX_RANK) {
      throw new FormatError(
        `${value.name} [${value.shape}] has ${value.shape.length} axes, CoreML ends at ${MAX_RANK}`,
        'let reshapes and transpositions alone use more',
      );
    }
    return this.readStored(value);
  }

  /** The name of an operand of any rank; one of more than five axes has the shape `storedShape`. */
  readStored(value: InferenceValue): string {
    if (!isConstant(value)) return this.nameOf(value);
    const { name, data, shape, dtype } = value;
    const contents =
      dtype === 'f32' ? numbers(data as Float32Array, shape) : { dtype: 'int32' as const, shape, data: [...data] };
    return this.#constant(contents, name, `state ${name}`, true);
  }

  /** What a value is called where halves are used. */
  nameOf(value: InferenceValue): string {
    return this.#renamed.get(value) ?? value.name;
  }

  /** Appends an operation that computes `output`, or several. */
  op(type: string, parameters: MilParameters, output: InferenceValue | readonly InferenceValue[]): void {
    const outputs = 'name' in output ? [output] : output;
    this.append(
      type,
      parameters,
      outputs.map((value) => ({ name: this.nameOf(value), type: this.typeOf(value) })),
    );
  }

  /** Appends an operation whose result is a step on the way to `output`, and returns that result's name. */
  step(type: string, parameters: MilParameters, output: InferenceValue, shape: Shape = output.shape): string {
    const name = this.#names.take(`${output.name}_${type}`);
    this.append(type, parameters, [{ name, type: { kind: 'tensor', dtype: this.float, shape } }]);
    return name;
  }

  append(type: string, parameters: MilParameters, outputs: readonly MilNamedType[]): void {
    const [{ name }] = outputs;
    const inputs: Record<string, readonly MilBinding[]> = {};
    for (const [key, parameter] of Object.entries(parameters)) {
      const names = typeof parameter === 'object' && 'data' in parameter ? this.#constant(parameter, key) : parameter;
      inputs[key] = (typeof names === 'string' ? [names] : names).map((value) => ({ name: value }));
    }
    this.operations.push({ type, inputs, outputs, attributes: { name: string(name) } });
  }

  typeOf({ dtype, shape }: InferenceValue): MilTensorType {
    return { kind: 'tensor', dtype: dtype === 'i32' ? 'int32' : this.float, shape: storedShape(shape) };
  }

  /** An unused name near `wish`. */
  take(wish: string): string {
    return this.#names.take(wish);
  }

  /** Small constants that hold the same are one; tensors of the network are one each. */
  #constant(constant: MilConstant, wish: string, key = keyOf(constant), owned = false): string {
    const known = this.#constants.get(key);
    if (known) return known;
    const name = owned ? wish : this.#names.take(wish);
    const value = this.#valueOf(constant, name);
    this.operations.push({
      type: 'const',
      inputs: {},
      outputs: [{ name, type: value.type }],
      attributes: { name: string(name), val: value },
    });
    this.#constants.set(key, name);
    this.constants.set(name, constant);
    return name;
  }

  #valueOf({ dtype, shape, data }: MilConstant, name: string): MilValue {
    if (dtype !== 'float') return { type: { kind: 'tensor', dtype, shape }, data: data as readonly number[] };
    const type: MilTensorType = { kind: 'tensor', dtype: this.float, shape };
    const values = this.float === 'fp16' ? this.#toHalfRange(data as readonly number[], name) : data;
    if (size(shape) < LEAST_BLOB) return { type, data: [...values] };
    const floats = Float32Array.from(values as readonly number[]);
    const stored = this.float === 'fp16' ? toHalf(floats) : floats;
    const bytes = new Uint8Array(stored.buffer);
    return { type, blob: { file: WEIGHTS, offset: this.blobs.add(this.float, bytes) } };
  }

  /** Throws FormatError for what is too large. Numbers too small become zero, unless they stand alone. */
  #toHalfRange(values: readonly number[], name: string): readonly number[] {
    expectHalfRange(values, name);
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== 0 && Math.abs(values[i]) <= LEAST_HALF / 2) count++;
    }
    if (count > 0 && values.length === 1) return [Math.sign(values[0]) * LEAST_HALF];
    if (count > 0) this.vanished.set(name, count);
    return values;
  }
}

/**
 * The shape that a value has in the program. One with too many axes loses those of length 1, and if that is not enough
 * its last axes become one: the order of its elements stays.
 */
export function storedShape(shape: Shape): Shape {
  if (shape.length <= MAX_RANK) return shape;
  const long = shape.filter((length) => length !== 1);
  if (long.length <= MAX_RANK) return long;
  return [...long.slice(0, MAX_RANK - 1), size(long.slice(MAX_RANK - 1))];
}

export const string = (value: string): MilValue => ({
  type: { kind: 'tensor', dtype: 'string', shape: [] },
  data: [value],
});

function keyOf({ dtype, shape, data }: MilConstant): string {
  return `${dtype} [${shape}] ${Array.from(data as ArrayLike<unknown>, (x) => (Object.is(x, -0) ? '-0' : x)).join()}`;
}
