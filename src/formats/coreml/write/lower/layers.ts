import { FormatError } from '../../../../utils/errors.js';
import { type Constant, type InferenceNode, type InferenceValue, isConstant } from '../../../inference/graph.js';
import { bool, int, ints, type MilBuilder, numbers, text } from '../builder.js';

export function lowerConv2d(
  { attrs, inputs, outputs: [y], scope }: InferenceNode<'conv2d'>,
  builder: MilBuilder,
): void {
  const [x, weight, bias] = inputs;
  const parameters = {
    x: builder.read(x),
    weight: builder.read(weight),
    bias: bias ? builder.read(constantOnly(bias, scope, 'bias')) : numbers(new Float32Array(weight.shape[0])),
    strides: ints(attrs.stride),
    pad_type: text('custom'),
    // [top, bottom, left, right], as here.
    pad: ints(attrs.padding),
    dilations: ints(attrs.dilation),
    groups: int(attrs.groups),
  };
  builder.op('conv', parameters, y);
}

/** Layers of vectors or tokens with constant weights are `linear`; everything else is a matrix product. */
export function lowerMatmul({ attrs, inputs, outputs: [y] }: InferenceNode<'matmul'>, builder: MilBuilder): void {
  const [a, b, bias] = inputs;
  const { transposeA, transposeB } = attrs;
  const linear = isConstant(b) && b.shape.length === 2 && a.shape.length <= 3 && !transposeA;
  if (linear && (!bias || isConstant(bias))) {
    const outputs = b.shape[transposeB ? 0 : 1];
    const parameters = {
      x: builder.read(a),
      weight: builder.read(transposeB ? b : transposed(b)),
      bias: bias ? builder.read(bias) : numbers(new Float32Array(outputs)),
    };
    builder.op('linear', parameters, y);
    return;
  }
  const parameters = {
    x: builder.read(a),
    y: builder.read(b),
    transpose_x: bool(transposeA),
    transpose_y: bool(transposeB),
  };
  if (!bias) {
    builder.op('matmul', parameters, y);
    return;
  }
  builder.op('add', { x: builder.step('matmul', parameters, y), y: builder.read(bias) }, y);
}

/** A parameter that the format wants to know when the model is compiled. */
export function constantOnly(value: InferenceValue, scope: string, what: string): Constant {
  if (isConstant(value)) return value;
  throw new FormatError(`${scope || 'the network'}: the ${what} is computed, CoreML needs a constant`);
}

function transposed({ name, shape: [rows, columns], data }: Constant): Constant {
  const turned = (data as Float32Array).slice();
  for (let i = 0; i < turned.length; i++) turned[i] = data[(i % rows) * columns + Math.floor(i / rows)];
  return { name: `${name}_transposed`, shape: [columns, rows], dtype: 'f32', data: turned };
}
