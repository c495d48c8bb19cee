import type { BinaryKind } from '../../../../ops/binary.js';
import type { UnaryKind } from '../../../../ops/unary.js';
import type { InferenceNode } from '../../../inference/graph.js';
import { type MilBuilder, number, numbers } from '../builder.js';

const unaryTypes = {
  exp: 'exp',
  sqrt: 'sqrt',
  abs: 'abs',
  sign: 'sign',
  square: 'square',
} as const satisfies Partial<Record<UnaryKind, string>>;

export function lowerUnary(node: InferenceNode<'unary'>, builder: MilBuilder): void {
  const {
    attrs: { kind },
    inputs,
    outputs: [y],
  } = node;
  const x = builder.read(inputs[0]);
  switch (kind) {
    case 'neg':
      builder.op('mul', { x, y: number(-1) }, y);
      break;
    case 'log':
      // The default of epsilon, which is added to x: nothing in single precision.
      builder.op('log', { x, epsilon: number(1e-45) }, y);
      break;
    case 'reciprocal':
      // `inverse` adds an epsilon.
      builder.op('real_div', { x: number(1), y: x }, y);
      break;
    default:
      builder.op(unaryTypes[kind], { x }, y);
  }
}

const binaryTypes = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'real_div',
  min: 'minimum',
  max: 'maximum',
} as const satisfies Record<BinaryKind, string>;

export function lowerBinary({ attrs, inputs: [a, b], outputs: [y] }: InferenceNode<'binary'>, builder: MilBuilder) {
  builder.op(binaryTypes[attrs.kind], { x: builder.read(a), y: builder.read(b) }, y);
}

/** The pixels are floats already: scale and shift of each channel, exactly. */
export function lowerToFloat({ attrs, inputs, outputs: [y] }: InferenceNode<'toFloat'>, builder: MilBuilder): void {
  const { scale, shift } = attrs;
  const perChannel = (values: readonly number[]) =>
    values.length === 1 ? number(values[0]) : numbers(Float32Array.from(values), [1, values.length, 1, 1]);
  const x = builder.read(inputs[0]);
  if (shift.every((value) => value === 0)) {
    builder.op('mul', { x, y: perChannel(scale) }, y);
    return;
  }
  const scaled = builder.step('mul', { x, y: perChannel(scale) }, y);
  builder.op('add', { x: scaled, y: perChannel(shift) }, y);
}
