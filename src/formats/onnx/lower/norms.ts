import type { InferenceNode } from '../../inference/graph.js';
import { float, int, ints, type OnnxBuilder } from '../builder.js';
import { perChannel } from './per-channel.js';

/** Batch norms that could not be folded. */
export function lowerBatchNorm(node: InferenceNode<'batchNormInference'>, builder: OnnxBuilder): void {
  const operands = node.inputs.map((value) => builder.read(value));
  builder.node('BatchNormalization', operands, node.outputs[0], { epsilon: float(node.attrs.eps) });
}

/** The operator works on the last axes, so channels of [N,C,H,W] are moved there and back. */
export function lowerLayerNorm(node: InferenceNode<'layerNorm'>, builder: OnnxBuilder): void {
  const [x, gamma, beta] = node.inputs;
  const [y] = node.outputs;
  const { eps, epsilonOf } = node.attrs;
  if (epsilonOf === 'deviation') {
    lowerDeviationNorm(node, builder);
    return;
  }
  const scale = [builder.read(gamma), builder.read(beta)];
  const attributes = { axis: int(-1), epsilon: float(eps) };
  if (x.shape.length !== 4) {
    builder.node('LayerNormalization', [builder.read(x), ...scale], y, attributes);
    return;
  }
  const [n, c, h, w] = x.shape;
  const last = builder.step('Transpose', [builder.read(x)], y, [n, h, w, c], { perm: ints([0, 2, 3, 1]) });
  const normal = builder.step('LayerNormalization', [last, ...scale], y, [n, h, w, c], attributes);
  builder.node('Transpose', [normal], y, { perm: ints([0, 3, 1, 2]) });
}

/** (x - mean) / (deviation + eps) · gamma + beta, which no operator computes. */
function lowerDeviationNorm({ attrs, inputs, outputs: [y] }: InferenceNode<'layerNorm'>, builder: OnnxBuilder): void {
  const [x, gamma, beta] = inputs;
  const axis = x.shape.length === 4 ? 1 : x.shape.length - 1;
  const kept = x.shape.map((dim, i) => (i === axis ? 1 : dim));
  const average = (of: string) =>
    builder.opset < 18
      ? builder.step('ReduceMean', [of], y, kept, { axes: ints([axis]), keepdims: int(1) })
      : builder.step('ReduceMean', [of, builder.integers('axes', [axis])], y, kept, { keepdims: int(1) });
  const name = builder.read(x);
  const centred = builder.step('Sub', [name, average(name)], y);
  const variance = average(builder.step('Mul', [centred, centred], y));
  const deviation = builder.step('Sqrt', [variance], y, kept);
  const divisor = builder.step('Add', [deviation, builder.number('eps', attrs.eps)], y, kept);
  const normal = builder.step('Div', [centred, divisor], y);
  const scaled = builder.step('Mul', [normal, perChannel(gamma, x, axis, builder)], y);
  builder.node('Add', [scaled, perChannel(beta, x, axis, builder)], y);
}

/** GroupNormalization-18 scales by group; the version of opset 21 by channel, as is meant. Before it: in parts. */
export function lowerGroupNorm(
  { attrs, inputs, outputs: [y] }: InferenceNode<'groupNorm'>,
  builder: OnnxBuilder,
): void {
  const [x, gamma, beta] = inputs;
  const { groups, eps } = attrs;
  if (builder.opset >= 21) {
    const operands = inputs.map((value) => builder.read(value));
    builder.node('GroupNormalization', operands, y, { num_groups: int(groups), epsilon: float(eps) });
    return;
  }
  const [n, c, h, w] = x.shape;
  const grouped = [n, groups, (c / groups) * h * w];
  const whole = builder.integers('group_shape', [0, ...grouped.slice(1)]);
  const parts = builder.step('Reshape', [builder.read(x), whole], y, grouped);
  const ones = builder.tensor('ones', new Float32Array(groups).fill(1), [groups]);
  const zeros = builder.tensor('zeros', new Float32Array(groups), [groups]);
  const normal = builder.step('InstanceNormalization', [parts, ones, zeros], y, grouped, { epsilon: float(eps) });
  const back = builder.step('Reshape', [normal, builder.integers('image_shape', [0, c, h, w])], y);
  const scaled = builder.step('Mul', [back, perChannel(gamma, x, 1, builder)], y);
  builder.node('Add', [scaled, perChannel(beta, x, 1, builder)], y);
}
