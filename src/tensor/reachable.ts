import type { Node, Tensor } from './tensor.js';

/** Nodes that the roots depend on, inputs before consumers. */
export function reachableNodes(roots: Iterable<Tensor>): Node[] {
  const seen = new Set<Node>();
  const stack = [...roots].map((tensor) => tensor.node);
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const tensor of node.inputs) stack.push(tensor.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
