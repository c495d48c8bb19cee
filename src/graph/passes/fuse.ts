import type { ActivationAttrs } from '../../ops/activation.js';
import type { BatchNormAttrs, FusedActivation } from '../../ops/batch-norm.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { makeNode, type Node, type Tensor } from '../../tensor/tensor.js';
import { type Rewritten, rewrite } from '../rewrite.js';

const fusable = new Set<string>(['relu', 'relu6'] satisfies FusedActivation[]);

/**
 * Lets batch norms apply the relu or relu6 that follows them, which saves a pass over the activation in both
 * directions. Runs on a forward graph, before `gradients`. A batch norm whose y is read elsewhere, or is itself one
 * of `roots`, stays as it is.
 */
export function fuseBatchNormActivation(roots: readonly Tensor[]): Rewritten {
  const { fused, absorbed } = findPairs(roots);
  return rewrite(roots, (node, inputs) => {
    if (absorbed.has(node)) return inputs;
    const activation = fused.get(node);
    if (!activation) return undefined;
    const attrs = { ...(node.attrs as BatchNormAttrs), activation };
    return makeNode(node.op, attrs, inputs, node.outputs, undefined, node.scope).outputs;
  });
}

/** Batch norms with the activation that each takes over, and the activation nodes that disappear. */
function findPairs(roots: readonly Tensor[]): { fused: Map<Node, FusedActivation>; absorbed: Set<Node> } {
  const nodes = reachableNodes(roots);
  const uses = new Map<Tensor, number>();
  for (const tensor of [...roots, ...nodes.flatMap((node) => node.inputs)]) {
    uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  }
  const fused = new Map<Node, FusedActivation>();
  const absorbed = new Set<Node>();
  for (const node of nodes) {
    if (node.op !== 'activation') continue;
    const { kind } = node.attrs as ActivationAttrs;
    const [y] = node.inputs;
    const norm = y.node;
    const isNorm = norm.op === 'batchNorm' || norm.op === 'batchNormInference';
    if (!isNorm || y.index !== 0 || uses.get(y) !== 1 || !fusable.has(kind)) continue;
    if ((norm.attrs as BatchNormAttrs).activation !== 'none') continue;
    fused.set(norm, kind as FusedActivation);
    absorbed.add(node);
  }
  return { fused, absorbed };
}
