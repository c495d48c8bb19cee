import type { Padding4 } from '../../../ops/window.js';
import { type InferenceNode, type InferenceValue, isConstant } from '../../inference/graph.js';
import { int, ints, type OnnxBuilder } from '../builder.js';

/** [top, bottom, left, right] as ONNX orders it: all beginnings, then all ends. */
export function pads([top, bottom, left, right]: Padding4): number[] {
  return [top, left, bottom, right];
}

export function lowerConv2d({ attrs, inputs, outputs: [output] }: InferenceNode<'conv2d'>, builder: OnnxBuilder): void {
  builder.node(
    'Conv',
    inputs.map((value) => builder.read(value)),
    output,
    {
      kernel_shape: ints(inputs[1].shape.slice(2)),
      strides: ints(attrs.stride),
      pads: ints(pads(attrs.padding)),
      dilations: ints(attrs.dilation),
      group: int(attrs.groups),
    },
  );
}

/** A linear layer of vectors is one Gemm; everything else a MatMul, with weights turned once, here. */
export function lowerMatmul(node: InferenceNode<'matmul'>, builder: OnnxBuilder): void {
  const {
    attrs,
    inputs,
    outputs: [output],
  } = node;
  const [a, b, bias] = inputs;
  if (a.shape.length === 2 && b.shape.length === 2) {
    const flags = { ...(attrs.transposeA && { transA: int(1) }), ...(attrs.transposeB && { transB: int(1) }) };
    builder.node(
      'Gemm',
      inputs.map((value) => builder.read(value)),
      output,
      flags,
    );
    return;
  }
  const left = attrs.transposeA ? transposed(a, output, builder) : builder.read(a);
  const right = attrs.transposeB ? transposed(b, output, builder) : builder.read(b);
  if (!bias) {
    builder.node('MatMul', [left, right], output);
    return;
  }
  const product = builder.step('MatMul', [left, right], output);
  builder.node('Add', [product, builder.read(bias)], output);
}

/** The operand with its last two axes exchanged. */
function transposed(value: InferenceValue, output: InferenceValue, builder: OnnxBuilder): string {
  const rank = value.shape.length;
  const [rows, columns] = value.shape.slice(-2);
  const shape = [...value.shape.slice(0, -2), columns, rows];
  if (isConstant(value) && rank === 2) {
    const { data } = value;
    const turned = data.slice();
    for (let i = 0; i < turned.length; i++) turned[i] = data[(i % rows) * columns + Math.floor(i / rows)];
    return builder.tensor(`${value.name}_transposed`, turned, shape, `transposed ${value.name}`);
  }
  const order = [...shape.keys()].map((axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const batched = value.shape[0] < 0 ? value : output;
  return builder.step('Transpose', [builder.read(value)], { ...batched, name: output.name, dtype: 'f32' }, shape, {
    perm: ints(order),
  });
}
