import type { InferenceNode } from '../../inference/graph.js';
import { int, type OnnxBuilder } from '../builder.js';

export function lowerSoftmax(
  opType: 'Softmax' | 'LogSoftmax',
  { attrs, inputs, outputs: [output] }: InferenceNode<'softmax' | 'logSoftmax'>,
  builder: OnnxBuilder,
): void {
  builder.node(opType, [builder.read(inputs[0])], output, { axis: int(attrs.axis) });
}
