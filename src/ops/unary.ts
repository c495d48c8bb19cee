import type { Tensor } from '../tensor/tensor.js';
import { div, mul } from './binary.js';
import { expectCount, expectFloat } from './check.js';
import { apply, type Op, perElement } from './op.js';

export type UnaryKind = 'neg' | 'exp' | 'log' | 'sqrt' | 'square' | 'abs' | 'reciprocal' | 'sign';

export interface UnaryAttrs {
  readonly kind: UnaryKind;
}

/** dx for each function, given x, y and dy; sign is flat wherever it has a derivative. */
const rules: Record<UnaryKind, (x: Tensor, y: Tensor, dy: Tensor) => Tensor | undefined> = {
  neg: (_x, _y, dy) => neg(dy),
  exp: (_x, y, dy) => mul(dy, y),
  log: (x, _y, dy) => div(dy, x),
  sqrt: (_x, y, dy) => div(mul(dy, 0.5), y),
  square: (x, _y, dy) => mul(dy, mul(x, 2)),
  abs: (x, _y, dy) => mul(dy, sign(x)),
  reciprocal: (_x, y, dy) => neg(mul(dy, square(y))),
  sign: () => undefined,
};

/** An elementary function of each element. */
export const unaryOp = {
  name: 'unary',

  infer(inputs) {
    expectCount('unary', inputs, 1);
    expectFloat('unary', inputs, 'x');
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  gradient: ({ inputs: [x], outputs: [y], attrs: { kind }, grads: [dy] }) => [rules[kind](x, y, dy!)],

  cost: perElement(1),
} satisfies Op<UnaryAttrs>;

const unary = (x: Tensor, kind: UnaryKind): Tensor => apply(unaryOp, [x], { kind })[0];

export const neg = (x: Tensor): Tensor => unary(x, 'neg');
export const exp = (x: Tensor): Tensor => unary(x, 'exp');
export const log = (x: Tensor): Tensor => unary(x, 'log');
export const sqrt = (x: Tensor): Tensor => unary(x, 'sqrt');
export const square = (x: Tensor): Tensor => unary(x, 'square');
export const abs = (x: Tensor): Tensor => unary(x, 'abs');
export const reciprocal = (x: Tensor): Tensor => unary(x, 'reciprocal');
/** -1, 0 or 1. */
export const sign = (x: Tensor): Tensor => unary(x, 'sign');
