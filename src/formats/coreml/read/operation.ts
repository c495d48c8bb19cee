import { FormatError } from '../../../utils/errors.js';
import type { MilDType } from '../model.js';

export type Elements = Float32Array | Int32Array | readonly (number | boolean | string)[];

/** What a parameter holds: its type, and its elements when they are known. */
export interface Operand {
  readonly dtype: MilDType;
  readonly shape: readonly number[];
  /** Row-major. Of constants always; of everything when the program runs. */
  readonly data?: Elements;
}

/** Operands by parameter; several bindings are a list. */
export type Operands = Readonly<Record<string, readonly Operand[]>>;

export interface Parameter {
  /** `float` is the type that all floats of an operation have in common. */
  readonly type: 'float' | 'fp32' | 'int32' | 'bool' | 'string';
  /** Its value must be known when the model is compiled. */
  readonly constant?: boolean;
  readonly rank?: readonly number[];
  /** Takes several values. */
  readonly list?: boolean;
}

export interface Result {
  readonly dtype: MilDType;
  readonly shape: readonly number[];
}

/** One kind of operation, read from Apple's documentation of it. */
export interface Operation {
  /** All are wanted in a file, those with a default too. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** What comes out. Throws FormatError when the operands do not fit. */
  infer(operands: Operands): readonly Result[];
  /** The elements of each result, in float64 and rounded to float32 once. */
  run(operands: Operands, results: readonly Result[]): readonly Elements[];
}

export const float: Parameter = { type: 'float' };
export const constantFloat: Parameter = { type: 'float', constant: true };
export const scalar: Parameter = { type: 'float', constant: true, rank: [0] };
export const int: Parameter = { type: 'int32', constant: true, rank: [0] };
export const ints: Parameter = { type: 'int32', constant: true, rank: [1] };
export const flag: Parameter = { type: 'bool', constant: true, rank: [0] };
export const flags: Parameter = { type: 'bool', constant: true, rank: [1] };
export const word: Parameter = { type: 'string', constant: true, rank: [0] };
export const map = (...rank: number[]): Parameter => ({ type: 'float', rank });

export function fail(what: string): never {
  throw new FormatError(what);
}

export const shapeOf = (operands: Operands, key: string): readonly number[] => operands[key][0].shape;
export const floatsOf = (operands: Operands, key: string): Float32Array => operands[key][0].data as Float32Array;
export const numbersOf = (operands: Operands, key: string): number[] =>
  Array.from(operands[key][0].data as ArrayLike<number>);
export const numberOf = (operands: Operands, key: string): number => numbersOf(operands, key)[0];
export const flagOf = (operands: Operands, key: string): boolean => operands[key][0].data![0] as boolean;
export const flagsOf = (operands: Operands, key: string): readonly boolean[] =>
  operands[key][0].data as readonly boolean[];
export const wordOf = (operands: Operands, key: string): string => operands[key][0].data![0] as string;

/** The result of an operation on floats, of the type of its `x`. */
export const like = (operands: Operands, shape: readonly number[]): readonly Result[] => [
  { dtype: operands.x[0].dtype, shape },
];

export const countOf = (shape: readonly number[]): number => shape.reduce((n, length) => n * length, 1);

/** An axis from 0, with its place checked. */
export function axisOf(axis: number, rank: number): number {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  return fail(`axis ${axis} of a tensor with ${rank} axes`);
}

/** Steps between neighbours along each axis of a row-major array. */
export function stepsOf(shape: readonly number[]): number[] {
  const steps = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) steps[i] = steps[i + 1] * shape[i + 1];
  return steps;
}

/** Positions in an array, for each element of `shape` in order, that lies `start` + Σ index · step. */
export function positions(shape: readonly number[], steps: readonly number[], start = 0): Int32Array {
  const result = new Int32Array(countOf(shape));
  const index = shape.map(() => 0);
  let position = start;
  for (let i = 0; i < result.length; i++) {
    result[i] = position;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += steps[axis];
      if (++index[axis] < shape[axis]) break;
      position -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

export const expectLength = (what: string, got: { readonly length: number }, needed: number): void => {
  if (got.length !== needed) fail(`${what} has ${got.length} numbers, needed ${needed}`);
};

/** What a caller gives for an input. Throws FormatError when the counts differ. */
export function givenOperand(
  name: string,
  dtype: MilDType,
  shape: readonly number[],
  data: ArrayLike<number>,
): Operand {
  const count = countOf(shape);
  if (data.length !== count) fail(`${name} is given ${data.length} numbers, [${shape}] has ${count}`);
  return { dtype, shape, data: Float32Array.from(data) };
}
