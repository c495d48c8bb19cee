import { broadcast } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { CvnetsError } from '../utils/errors.js';
import { expectCount, expectFloat } from './check.js';
import { fill } from './fill.js';
import { apply, type Op, perElement } from './op.js';
import { sumTo } from './reduce.js';
import { neg } from './unary.js';

export type BinaryKind = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max';

export interface BinaryAttrs {
  readonly kind: BinaryKind;
}

interface Rule {
  a(dy: Tensor, b: Tensor): Tensor;
  b(dy: Tensor, a: Tensor, b: Tensor, y: Tensor): Tensor;
}

/** Gradients before the sum over broadcast axes. */
const rules: Partial<Record<BinaryKind, Rule>> = {
  add: { a: (dy) => dy, b: (dy) => dy },
  sub: { a: (dy) => dy, b: (dy) => neg(dy) },
  mul: { a: (dy, b) => mul(dy, b), b: (dy, a) => mul(dy, a) },
  div: { a: (dy, b) => div(dy, b), b: (dy, _a, b, y) => neg(div(mul(dy, y), b)) },
};

/** Elementwise arithmetic with NumPy's broadcasting. */
export const binaryOp = {
  name: 'binary',

  infer(inputs, { kind }) {
    expectCount(kind, inputs, 2);
    expectFloat(kind, inputs, 'a', 'b');
    return [{ shape: broadcast(inputs[0].shape, inputs[1].shape, kind), dtype: 'f32' }];
  },

  gradient({ inputs: [a, b], outputs: [y], attrs: { kind }, grads: [dy], needs }) {
    const rule = rules[kind];
    if (!rule) throw new CvnetsError(`${kind} has no gradient`, 'use relu or relu6 where one must flow');
    return [
      needs[0] ? sumTo(rule.a(dy!, b), a.shape) : undefined,
      needs[1] ? sumTo(rule.b(dy!, a, b, y), b.shape) : undefined,
    ];
  },

  cost: perElement(1),
} satisfies Op<BinaryAttrs>;

/** A tensor, or a number that stands for a rank-0 constant. */
export type Operand = Tensor | number;

function binary(kind: BinaryKind, a: Operand, b: Operand): Tensor {
  const inputs = [a, b].map((x) => (typeof x === 'number' ? fill([], x) : x));
  return apply(binaryOp, inputs, { kind })[0];
}

export const add = (a: Operand, b: Operand): Tensor => binary('add', a, b);
export const sub = (a: Operand, b: Operand): Tensor => binary('sub', a, b);
export const mul = (a: Operand, b: Operand): Tensor => binary('mul', a, b);
export const div = (a: Operand, b: Operand): Tensor => binary('div', a, b);
/** Elementwise minimum; no gradient. */
export const minimum = (a: Operand, b: Operand): Tensor => binary('min', a, b);
/** Elementwise maximum; no gradient. */
export const maximum = (a: Operand, b: Operand): Tensor => binary('max', a, b);
