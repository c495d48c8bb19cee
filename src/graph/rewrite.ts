import { reachableNodes } from '../tensor/reachable.js';
import type { StateTrace } from '../tensor/state.js';
import { makeNode, type Node, type Tensor } from '../tensor/tensor.js';

/**
 * What a node becomes: one tensor for each of its outputs, or undefined to keep the operator. `inputs` are the node's
 * inputs after the rewrite.
 */
export type RewriteRule = (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined;

/** From each tensor of the old graph to its counterpart; tensors that did not change map to themselves. */
export type Rewritten = ReadonlyMap<Tensor, Tensor>;

/** Rebuilds the graph below `roots` by one rule, inputs before consumers. Nodes it does not touch are kept. */
export function rewrite(roots: readonly Tensor[], rule: RewriteRule): Rewritten {
  const result = new Map<Tensor, Tensor>();
  for (const node of reachableNodes(roots)) {
    const inputs = node.inputs.map((tensor) => result.get(tensor)!);
    const outputs = rule(node, inputs) ?? rebuild(node, inputs);
    node.outputs.forEach((tensor, i) => {
      result.set(tensor, outputs[i]);
    });
  }
  return result;
}

function rebuild(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  if (inputs.every((tensor, i) => tensor === node.inputs[i])) return node.outputs;
  return makeNode(node.op, node.attrs, inputs, node.outputs, node.source, node.scope).outputs;
}

/** Applies a pass to everything that a trace computes: its results and the values it writes to states. */
export function rewriteTrace<R extends Readonly<Record<string, Tensor>>>(
  trace: StateTrace<R>,
  pass: (roots: readonly Tensor[]) => Rewritten,
): StateTrace<R> {
  const names = Object.keys(trace.result);
  const rewritten = pass([...names.map((name) => trace.result[name]), ...trace.writes.values()]);
  const move = (tensor: Tensor): Tensor => rewritten.get(tensor) ?? tensor;
  return {
    result: Object.fromEntries(names.map((name) => [name, move(trace.result[name])])) as R,
    reads: new Map([...trace.reads].map(([state, tensor]) => [state, move(tensor)])),
    writes: new Map([...trace.writes].map(([state, tensor]) => [state, move(tensor)])),
  };
}
