import type { InferenceNode, InferenceValue } from '../../../inference/graph.js';
import { bool, ints, type MilBuilder, number, numbers } from '../builder.js';
import { constantOnly } from './layers.js';

/** Batch norms that could not be folded. The operation wants maps, so vectors are scaled and shifted. */
export function lowerBatchNorm(node: InferenceNode<'batchNormInference'>, builder: MilBuilder): void {
  const { attrs, inputs, scope } = node;
  const [y] = node.outputs;
  const [x, ...parameters] = inputs;
  const [gamma, beta, mean, variance] = parameters.map((value) => constantOnly(value, scope, 'batch norm'));
  if (x.shape.length > 2) {
    const operands = {
      x: builder.read(x),
      mean: builder.read(mean),
      variance: builder.read(variance),
      gamma: builder.read(gamma),
      beta: builder.read(beta),
      epsilon: number(attrs.eps),
    };
    builder.op('batch_norm', operands, y);
    return;
  }
  const scale = Float64Array.from(gamma.data, (g, c) => g / Math.sqrt(variance.data[c] + attrs.eps));
  const shift = Float32Array.from(beta.data, (b, c) => b - scale[c] * mean.data[c]);
  const scaled = builder.step('mul', { x: builder.read(x), y: numbers(Float32Array.from(scale)) }, y);
  builder.op('add', { x: scaled, y: numbers(shift) }, y);
}

/** The operation works on the last axis, so channels of [N,C,H,W] are moved there and back. */
export function lowerLayerNorm(node: InferenceNode<'layerNorm'>, builder: MilBuilder): void {
  const { attrs, inputs, scope } = node;
  const [y] = node.outputs;
  const [x, gamma, beta] = inputs;
  if (attrs.epsilonOf === 'deviation') {
    lowerDeviationNorm(node, builder);
    return;
  }
  const parameters = {
    axes: ints([-1]),
    gamma: builder.read(constantOnly(gamma, scope, 'gamma')),
    beta: builder.read(constantOnly(beta, scope, 'beta')),
    epsilon: number(attrs.eps),
  };
  if (x.shape.length !== 4) {
    builder.op('layer_norm', { x: builder.read(x), ...parameters }, y);
    return;
  }
  const [n, c, h, w] = x.shape;
  const moved = { x: builder.read(x), perm: ints([0, 2, 3, 1]) };
  const last = builder.step('transpose', moved, y, [n, h, w, c]);
  const normal = builder.step('layer_norm', { x: last, ...parameters }, y, [n, h, w, c]);
  builder.op('transpose', { x: normal, perm: ints([0, 3, 1, 2]) }, y);
}

/** (x - mean) / (deviation + eps) · gamma + beta, which no operation computes. */
function lowerDeviationNorm({ attrs, inputs, outputs: [y], scope }: InferenceNode<'layerNorm'>, builder: MilBuilder) {
  const [x, gamma, beta] = inputs;
  const axis = x.shape.length === 4 ? 1 : x.shape.length - 1;
  const kept = x.shape.map((length, i) => (i === axis ? 1 : length));
  const average = (of: string) =>
    builder.step('reduce_mean', { x: of, axes: ints([axis]), keep_dims: bool(true) }, y, kept);
  const name = builder.read(x);
  const centred = builder.step('sub', { x: name, y: average(name) }, y);
  const variance = average(builder.step('mul', { x: centred, y: centred }, y));
  const deviation = builder.step('sqrt', { x: variance }, y, kept);
  const divisor = builder.step('add', { x: deviation, y: number(attrs.eps) }, y, kept);
  const normal = builder.step('real_div', { x: centred, y: divisor }, y);
  const scaled = builder.step('mul', { x: normal, y: perChannel(gamma, x, axis, scope) }, y);
  builder.op('add', { x: scaled, y: perChannel(beta, x, axis, scope) }, y);
}

/** Instance norm of [N, groups, everything else, 1], then scale and shift of each channel. */
export function lowerGroupNorm(
  { attrs, inputs, outputs: [y], scope }: InferenceNode<'groupNorm'>,
  builder: MilBuilder,
): void {
  const [x, gamma, beta] = inputs;
  const { groups, eps } = attrs;
  const [n, c, h, w] = x.shape;
  const grouped = [n, groups, (c / groups) * h * w, 1];
  const parts = builder.step('reshape', { x: builder.read(x), shape: ints(grouped) }, y, grouped);
  const plain = {
    gamma: numbers(new Float32Array(groups).fill(1)),
    beta: numbers(new Float32Array(groups)),
    epsilon: number(eps),
  };
  const normal = builder.step('instance_norm', { x: parts, ...plain }, y, grouped);
  const back = builder.step('reshape', { x: normal, shape: ints(x.shape) }, y);
  const scaled = builder.step('mul', { x: back, y: perChannel(gamma, x, 1, scope) }, y);
  builder.op('add', { x: scaled, y: perChannel(beta, x, 1, scope) }, y);
}

/** A vector [C], lined up with `axis` of x. */
export function perChannel(vector: InferenceValue, x: InferenceValue, axis: number, scope: string) {
  const { data } = constantOnly(vector, scope, 'parameter of each channel');
  return numbers(data as Float32Array, [vector.shape[0], ...x.shape.slice(axis + 1).map(() => 1)]);
}
