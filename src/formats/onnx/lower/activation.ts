import type { ActivationKind } from '../../../ops/activation.js';
import { type InferenceNode, type InferenceValue, isConstant } from '../../inference/graph.js';
import { float, type OnnxBuilder } from '../builder.js';

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

export function lowerActivation({ attrs, inputs, output }: InferenceNode<'activation'>, builder: OnnxBuilder): void {
  kinds[attrs.kind](builder.read(inputs[0]), output, builder, attrs.slope);
}

/** The slopes are one for each channel, axis 1: they are lined up with it. */
export function lowerPrelu({ inputs: [x, slope], output }: InferenceNode<'prelu'>, builder: OnnxBuilder): void {
  const shape = [slope.shape[0], ...x.shape.slice(2).map(() => 1)];
  const lined = isConstant(slope)
    ? builder.tensor(`${slope.name}_lined`, slope.data, shape, `lined ${shape} ${slope.name}`)
    : builder.step('Reshape', [slope.name, builder.integers('slope_shape', shape)], output, shape);
  builder.node('PRelu', [builder.read(x), lined], output);
}
