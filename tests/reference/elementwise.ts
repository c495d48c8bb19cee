import type { AddActivationAttrs } from '../../src/ops/add-activation.js';
import type { BinaryAttrs } from '../../src/ops/binary.js';
import type { ToFloatAttrs } from '../../src/ops/to-float.js';
import type { UnaryAttrs } from '../../src/ops/unary.js';
import { broadcast } from '../../src/tensor/shape.js';
import { map, type ReferenceRule, ravel, split, unravel, zeros } from './array.js';

const unaries: { [K in UnaryAttrs['kind']]: (x: number) => number } = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  abs: Math.abs,
  reciprocal: (x) => 1 / x,
  sign: Math.sign,
};

const binaries: { [K in BinaryAttrs['kind']]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
};

export const unary: ReferenceRule<UnaryAttrs> = ([x], { kind }) => [map(x, unaries[kind])];

export const binary: ReferenceRule<BinaryAttrs> = ([a, b], { kind }) => {
  const y = zeros(broadcast(a.shape, b.shape));
  for (let i = 0; i < y.data.length; i++) {
    const index = unravel(i, y.shape);
    y.data[i] = binaries[kind](a.data[ravel(index, a.shape)], b.data[ravel(index, b.shape)]);
  }
  return [y];
};

export const addActivation: ReferenceRule<AddActivationAttrs> = ([a, b], { activation }) => {
  const high = activation === 'relu6' ? 6 : Number.POSITIVE_INFINITY;
  return [map(a, (value, i) => Math.min(high, Math.max(0, value + b.data[i])))];
};

/** u8 → float: y = x·scale + shift, one pair for all or one a channel (axis 1). */
export const toFloat: ReferenceRule<ToFloatAttrs> = ([x], { scale, shift }) => {
  const [, channels, inner] = split(x.shape, 1);
  const channel = (i: number): number => Math.floor(i / inner) % channels;
  const of = (values: readonly number[], i: number): number => values[values.length === 1 ? 0 : channel(i)];
  return [map(x, (value, i) => value * of(scale, i) + of(shift, i))];
};
