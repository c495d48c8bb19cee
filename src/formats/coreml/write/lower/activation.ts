import type { ActivationKind } from '../../../../ops/activation.js';
import { type InferenceNode, type InferenceValue, isConstant } from '../../../inference/graph.js';
import { type MilBuilder, number, text } from '../builder.js';
import { constantOnly } from './layers.js';
import { perChannel } from './norms.js';

type Lower = (x: string, y: InferenceValue, builder: MilBuilder, slope: number) => void;

const hardSigmoid = { alpha: number(1 / 6), beta: number(0.5) };

const kinds: Readonly<Record<ActivationKind, Lower>> = {
  relu: (x, y, builder) => builder.op('relu', { x }, y),
  relu6: (x, y, builder) => builder.op('clip', { x, alpha: number(0), beta: number(6) }, y),
  leakyRelu: (x, y, builder, slope) => builder.op('leaky_relu', { x, alpha: number(slope) }, y),
  sigmoid: (x, y, builder) => builder.op('sigmoid', { x }, y),
  silu: (x, y, builder) => builder.op('silu', { x }, y),
  hardSigmoid: (x, y, builder) => builder.op('sigmoid_hard', { x, ...hardSigmoid }, y),
  hardSwish: (x, y, builder) => builder.op('mul', { x, y: builder.step('sigmoid_hard', { x, ...hardSigmoid }, y) }, y),
  tanh: (x, y, builder) => builder.op('tanh', { x }, y),
  gelu: (x, y, builder) => builder.op('gelu', { x, mode: text('EXACT') }, y),
};

export function lowerActivation({ attrs, inputs, outputs: [y] }: InferenceNode<'activation'>, builder: MilBuilder) {
  kinds[attrs.kind](builder.read(inputs[0]), y, builder, attrs.slope);
}

/** The operation wants maps and a slope for each channel. */
export function lowerPrelu({ inputs, outputs: [y], scope }: InferenceNode<'prelu'>, builder: MilBuilder): void {
  const [input, slope] = inputs;
  const x = builder.read(input);
  if (isConstant(slope) && slope.data.length === 1) {
    builder.op('leaky_relu', { x, alpha: number(slope.data[0]) }, y);
  } else if (input.shape.length > 2) {
    builder.op('prelu', { x, alpha: builder.read(constantOnly(slope, scope, 'slope')) }, y);
  } else {
    const positive = builder.step('relu', { x }, y);
    const negative = builder.step('minimum', { x, y: number(0) }, y);
    const scaled = builder.step('mul', { x: negative, y: perChannel(slope, input, 1, scope) }, y);
    builder.op('add', { x: positive, y: scaled }, y);
  }
}
