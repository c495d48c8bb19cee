import type { DType } from '../tensor/dtype.js';
import { type Shape, sameShape } from '../tensor/shape.js';
import type { TensorSpec } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';

/** Checks that several shape rules share. Each throws a ShapeError that names the operator and the operand. */

export function expectCount(op: string, inputs: readonly TensorSpec[], least: number, most = least): void {
  if (inputs.length >= least && inputs.length <= most) return;
  const needed =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
  throw new ShapeError(`${op} got ${inputs.length} inputs, but needs ${needed}`);
}

export function expectDtype(
  op: string,
  name: string,
  { dtype, shape }: TensorSpec,
  ...allowed: readonly DType[]
): void {
  if (allowed.includes(dtype)) return;
  throw new ShapeError(`${op} got ${name} ${dtype}[${shape}], but needs ${allowed.join(' or ')}`);
}

/** All inputs are f32; `names` are for the message. */
export function expectFloat(op: string, inputs: readonly TensorSpec[], ...names: readonly string[]): void {
  inputs.forEach((input, i) => {
    expectDtype(op, names[i] ?? `input ${i}`, input, 'f32');
  });
}

export function expectRank(op: string, name: string, { shape }: TensorSpec, ...ranks: readonly number[]): void {
  if (ranks.includes(shape.length)) return;
  throw new ShapeError(`${op} got ${name} [${shape}] of rank ${shape.length}, but needs rank ${ranks.join(' or ')}`);
}

export function expectShape(op: string, name: string, { shape }: TensorSpec, needed: Shape): void {
  if (sameShape(shape, needed)) return;
  throw new ShapeError(`${op} got ${name} [${shape}], but needs [${needed}]`);
}

export function expectLength(op: string, name: string, values: readonly unknown[], needed: number): void {
  if (values.length === needed) return;
  throw new ShapeError(`${op} got ${name} of length ${values.length}, but needs ${needed}`);
}

/** `value` is an integer that is not below `least`. */
export function expectInteger(op: string, name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new ShapeError(`${op} got ${name}=${value}, but needs an integer of at least ${least}`);
}
