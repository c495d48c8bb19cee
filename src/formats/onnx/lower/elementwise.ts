import type { BinaryKind } from '../../../ops/binary.js';
import type { UnaryKind } from '../../../ops/unary.js';
import type { InferenceNode } from '../../inference/graph.js';
import { int, type OnnxBuilder } from '../builder.js';
import { elementTypes } from '../model.js';

const unaryTypes = {
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  reciprocal: 'Reciprocal',
  sign: 'Sign',
} as const satisfies Record<Exclude<UnaryKind, 'square'>, string>;

export function lowerUnary(
  { attrs: { kind }, inputs: [x], outputs: [output] }: InferenceNode<'unary'>,
  builder: OnnxBuilder,
): void {
  const name = builder.read(x);
  if (kind === 'square') builder.node('Mul', [name, name], output);
  else builder.node(unaryTypes[kind], [name], output);
}

const binaryTypes = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  min: 'Min',
  max: 'Max',
} as const satisfies Record<BinaryKind, string>;

export function lowerBinary({ attrs, inputs, outputs: [output] }: InferenceNode<'binary'>, builder: OnnxBuilder): void {
  builder.node(
    binaryTypes[attrs.kind],
    inputs.map((value) => builder.read(value)),
    output,
  );
}

/** Bytes to floats, then scale and shift of each channel. */
export function lowerToFloat(
  { attrs, inputs: [x], outputs: [output] }: InferenceNode<'toFloat'>,
  builder: OnnxBuilder,
): void {
  const channels = (values: readonly number[]) => (values.length === 1 ? [] : [1, values.length, 1, 1]);
  const { scale, shift } = attrs;
  const cast = builder.step('Cast', [builder.read(x)], output, output.shape, { to: int(elementTypes.float) });
  const factor = builder.tensor('pixel_scale', Float32Array.from(scale), channels(scale));
  if (shift.every((value) => value === 0)) {
    builder.node('Mul', [cast, factor], output);
    return;
  }
  const scaled = builder.step('Mul', [cast, factor], output);
  builder.node('Add', [scaled, builder.tensor('pixel_shift', Float32Array.from(shift), channels(shift))], output);
}
