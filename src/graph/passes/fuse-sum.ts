import type { ActivationAttrs } from '../../ops/activation.js';
import { addActivationOp } from '../../ops/add-activation.js';
import type { BinaryAttrs } from '../../ops/binary.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { sameShape } from '../../tensor/shape.js';
import { makeNode, type Node, type Tensor } from '../../tensor/tensor.js';
import { type Rewritten, rewrite } from '../rewrite.js';

/**
 * The relu or relu6 of a sum, as at the end of a residual block, becomes one operator: one pass over memory less, and
 * the sum itself is not kept for the gradient. Runs on a forward graph, before `gradients`. A sum that is read
 * elsewhere, broadcasts, or is itself one of `roots`, stays as it is.
 */
export function fuseSumActivation(roots: readonly Tensor[]): Rewritten {
  const uses = new Map<Tensor, number>();
  for (const tensor of [...roots, ...reachableNodes(roots).flatMap(({ inputs }) => inputs)]) {
    uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  }
  return rewrite(roots, (node, inputs) => {
    if (!isFusable(node, uses)) return undefined;
    const attrs = { activation: (node.attrs as ActivationAttrs).kind };
    return makeNode(addActivationOp.name, attrs, inputs[0].node.inputs, node.outputs, undefined, node.scope).outputs;
  });
}

function isFusable({ op, attrs, inputs: [sum] }: Node, uses: ReadonlyMap<Tensor, number>): boolean {
  if (op !== 'activation' || !['relu', 'relu6'].includes((attrs as ActivationAttrs).kind)) return false;
  if (sum.node.op !== 'binary' || (sum.node.attrs as BinaryAttrs).kind !== 'add' || uses.get(sum) !== 1) return false;
  return sum.node.inputs.every(({ shape }) => sameShape(shape, sum.shape));
}
