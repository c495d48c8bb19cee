import type { BatchNormInferenceAttrs, FusedActivation } from '../../ops/batch-norm.js';
import type { Shape } from '../../tensor/shape.js';
import { size } from '../../tensor/shape.js';
import {
  type Constant,
  countUses,
  type InferenceGraph,
  type InferenceNode,
  type InferenceValue,
  isConstant,
} from './graph.js';

type Norm = InferenceNode<'batchNormInference'>;
type Layer = InferenceNode<'conv2d' | 'matmul'>;

/**
 * Batch norms take part in the convolution or linear layer before them: with s = γ / √(σ² + ε) per output channel,
 * w becomes s·w and the bias β + s·(bias - µ). Computed in float64 and rounded once. A norm whose layer is read
 * elsewhere, or has computed weights, stays; an activation that was fused into a norm becomes a node again.
 */
export function foldBatchNorm(graph: InferenceGraph): InferenceGraph {
  const uses = countUses(graph);
  const producers = new Map(graph.nodes.map((node) => [node.outputs[0], node]));
  const folded = new Map<InferenceNode, Layer>();
  const gone = new Set<InferenceNode>();
  for (const node of graph.nodes) {
    if (node.op !== 'batchNormInference') continue;
    const layer = producers.get(node.inputs[0]);
    if (!layer || !isLayer(layer) || uses.get(layer.outputs[0]) !== 1) continue;
    if (![...layer.inputs.slice(1), ...node.inputs.slice(1)].every(isConstant)) continue;
    folded.set(layer, fold(layer, node));
    gone.add(node);
  }
  const nodes = graph.nodes.flatMap((node): InferenceNode[] => {
    if (gone.has(node)) return [];
    const layer = folded.get(node);
    if (layer) {
      const norm = graph.nodes.find((other) => other.inputs[0] === node.outputs[0]) as Norm;
      return withActivation({ ...layer, outputs: norm.outputs }, norm.attrs);
    }
    return node.op === 'batchNormInference' ? withActivation(node, node.attrs) : [node];
  });
  return { ...graph, nodes };
}

/** Layers whose output channels are axis 0 of their weight and axis 1 of their result. */
function isLayer(node: InferenceNode): node is Layer {
  if (node.op === 'conv2d') return true;
  return (
    node.op === 'matmul' &&
    node.attrs.transposeB &&
    node.outputs[0].shape.length === 2 &&
    node.inputs[1].shape.length === 2
  );
}

function fold(layer: Layer, norm: Norm): Layer {
  const [x, weight, bias] = layer.inputs as [InferenceValue, Constant, Constant | undefined];
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((value) => (value as Constant).data);
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + norm.attrs.eps));
  const taps = size(weight.shape.slice(1));
  const scaled = Float32Array.from(weight.data, (w, i) => w * scale[Math.floor(i / taps)]);
  const shift = Float32Array.from(scale, (s, c) => beta[c] + s * ((bias?.data[c] ?? 0) - mean[c]));
  const biasName = bias?.name ?? weight.name.replace(/weight$/, 'bias');
  return {
    ...layer,
    inputs: [x, constant(weight.name, weight.shape, scaled), constant(biasName, [scale.length], shift)],
  };
}

function constant(name: string, shape: Shape, data: Float32Array): Constant {
  return { name, shape, dtype: 'f32', data };
}

/** The activation that a norm applied, as a node that computes the norm's result. */
function withActivation(node: InferenceNode, { activation }: BatchNormInferenceAttrs): InferenceNode[] {
  const attrs =
    node.op === 'batchNormInference' ? { ...node.attrs, activation: 'none' as FusedActivation } : node.attrs;
  if (activation === 'none') return [{ ...node, attrs } as InferenceNode];
  const {
    outputs: [output],
    scope,
  } = node;
  const before: InferenceValue = { name: node.op, shape: output.shape, dtype: output.dtype };
  return [
    { ...node, attrs, outputs: [before] } as InferenceNode,
    { op: 'activation', attrs: { kind: activation, slope: 0 }, inputs: [before], outputs: [output], scope },
  ];
}
