import type { ActivationKind } from '../../../ops/activation.js';
import type { InferenceNode, InferenceValue } from '../../inference/graph.js';
import { float, type OnnxBuilder } from '../builder.js';
import { perChannel } from './per-channel.js';

type Lower = (x: string, y: InferenceValue, builder: OnnxBuilder, slope: number) => void;

const kinds: Readonly<Record<ActivationKind, Lower>> = {
  relu: (x, y, builder) => builder.node('Relu', [x], y),
  relu6: (x, y, builder) => builder.node('Clip', [x, builder.number('zero', 0), builder.number('six', 6)], y),
  leakyRelu: (x, y, builder, slope) => builder.node('LeakyRelu', [x], y, { alpha: float(slope) }),
  sigmoid: (x, y, builder) => builder.node('Sigmoid', [x], y),
  silu: (x, y, builder) => builder.node('Mul', [x, builder.step('Sigmoid', [x], y)], y),
  hardSwish: (x, y, builder) => builder.node('HardSwish', [x], y),
  // The default of alpha is 0.2.
  hardSigmoid: (x, y, builder) => builder.node('HardSigmoid', [x], y, { alpha: float(1 / 6), beta: float(0.5) }),
  tanh: (x, y, builder) => builder.node('Tanh', [x], y),
  gelu: (x, y, builder) => {
    if (builder.opset >= 20) {
      builder.node('Gelu', [x], y);
      return;
    }
    const scaled = builder.step('Mul', [x, builder.number('inverse_sqrt2', Math.SQRT1_2)], y);
    const erf = builder.step('Erf', [scaled], y);
    const plusOne = builder.step('Add', [erf, builder.number('one', 1)], y);
    const half = builder.step('Mul', [x, builder.number('half', 0.5)], y);
    builder.node('Mul', [half, plusOne], y);
  },
};

export function lowerActivation(
  { attrs, inputs, outputs: [output] }: InferenceNode<'activation'>,
  builder: OnnxBuilder,
): void {
  kinds[attrs.kind](builder.read(inputs[0]), output, builder, attrs.slope);
}

/** The slopes are one for each channel, axis 1, or one for all. */
export function lowerPrelu({ inputs, outputs: [output] }: InferenceNode<'prelu'>, builder: OnnxBuilder): void {
  const [x, slope] = inputs;
  builder.node('PRelu', [builder.read(x), perChannel(slope, x, 1, builder)], output);
}
