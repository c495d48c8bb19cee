import type { BinaryAttrs } from '../../ops/binary.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { sameShape } from '../../tensor/shape.js';
import { makeNode, type Node, type Tensor } from '../../tensor/tensor.js';
import { type Rewritten, rewrite } from '../rewrite.js';

/**
 * Where a tensor is used twice, its gradients are added: convolutions add what arrived the other way while they store
 * their own, which saves a pass over the activation. The sum has the same bits.
 */
export function foldGradientSums(roots: readonly Tensor[]): Rewritten {
  const folded = sumsToFold(roots);
  return rewrite(roots, (node, inputs) => {
    const side = folded.get(node);
    if (side === undefined) return undefined;
    const { op, attrs, inputs: operands, scope } = inputs[side].node;
    return makeNode(op, attrs, [...operands, inputs[1 - side]], node.outputs, undefined, scope).outputs;
  });
}

/** Additions and which of their inputs, the later one, is a convolution's gradient that nothing else reads. */
function sumsToFold(roots: readonly Tensor[]): ReadonlyMap<Node, 0 | 1> {
  const nodes = reachableNodes(roots);
  const uses = new Map<Tensor, number>();
  for (const tensor of [...roots, ...nodes.flatMap((node) => node.inputs)]) {
    uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  }
  const folded = new Map<Node, 0 | 1>();
  for (const node of nodes) {
    if (node.op !== 'binary' || (node.attrs as BinaryAttrs).kind !== 'add') continue;
    const fits = (side: 0 | 1): boolean => {
      const gradient = node.inputs[side];
      const { op, inputs } = gradient.node;
      const single = uses.get(gradient) === 1 && sameShape(gradient.shape, node.inputs[1 - side].shape);
      return op === 'conv2dBackwardInput' && inputs.length === 2 && single;
    };
    const later = node.inputs[1].node.id > node.inputs[0].node.id ? 1 : 0;
    if (fits(later)) folded.set(node, later);
  }
  return folded;
}
