import { batchNormApplyOp } from '../../ops/batch-norm.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { makeNode, type Node, type Tensor } from '../../tensor/tensor.js';
import { opOf, type ProgramTrace } from '../lower.js';

/** A trace in two parts: what its results need, and the rest, which only the writes to states need. */
export interface Passes {
  /** Creation order, sources left out. */
  readonly forward: readonly Node[];
  readonly backward: readonly Node[];
}

export function splitPasses({ result, writes }: ProgramTrace): Passes {
  const results = Object.values(result);
  const forward = new Set(reachableNodes(results));
  const all = reachableNodes([...results, ...writes.values()]).filter(({ source }) => !source);
  return { forward: all.filter((node) => forward.has(node)), backward: all.filter((node) => !forward.has(node)) };
}

/**
 * True when running the node twice gives the same bits and changes nothing. A batch norm writes running statistics; it
 * counts, as its y can be had again from the mean and the rstd that are kept.
 */
export function isRepeatable(node: Node): boolean {
  if (node.source || node.op === 'host') return false;
  return node.op === 'batchNorm' || !opOf(node.op).inPlace?.(node.inputs, node.attrs).length;
}

/** Statistics are small, and what makes a repeated batch norm exact. */
export const isStatistic = ({ node, index }: Tensor): boolean => node.op === 'batchNorm' && index > 0;

/**
 * Lets the backward pass compute the tensors in `dropped` again, right before their first use there, instead of
 * holding them since the forward pass. The results keep their bits: the same operators run on the same values, with
 * the saved statistics and the same random counters, and no state is written twice.
 */
export function recompute(trace: ProgramTrace, dropped: ReadonlySet<Tensor>): ProgramTrace {
  const moved = new Map<Tensor, Tensor>();
  const again = (tensor: Tensor): Tensor => {
    if (!dropped.has(tensor)) return tensor;
    if (!moved.has(tensor)) repeat(tensor.node, again, moved);
    return moved.get(tensor)!;
  };
  for (const node of splitPasses(trace).backward) {
    // Every node is made anew: creation order is the order of the plan.
    const inputs = node.inputs.map((tensor) => moved.get(tensor) ?? again(tensor));
    const { outputs } = makeNode(node.op, node.attrs, inputs, node.outputs, undefined, node.scope);
    node.outputs.forEach((tensor, i) => {
      moved.set(tensor, outputs[i]);
    });
  }
  return {
    ...trace,
    writes: new Map([...trace.writes].map(([state, tensor]) => [state, laterValue(tensor, dropped, moved)])),
  };
}

/** A state's final value: forward tensors are written as they are. */
function laterValue(tensor: Tensor, dropped: ReadonlySet<Tensor>, moved: ReadonlyMap<Tensor, Tensor>): Tensor {
  return dropped.has(tensor) ? tensor : (moved.get(tensor) ?? tensor);
}

/** Makes the node a second time, with whatever of its inputs must be made again, too. */
function repeat(node: Node, again: (tensor: Tensor) => Tensor, moved: Map<Tensor, Tensor>): void {
  if (node.op === 'batchNorm') {
    const [x, gamma, beta] = node.inputs;
    const [y, mean, rstd] = node.outputs;
    const { activation } = node.attrs as { activation: string };
    const inputs = [again(x), gamma, beta, mean, rstd];
    moved.set(y, makeNode(batchNormApplyOp.name, { activation }, inputs, [y], undefined, node.scope).outputs[0]);
    return;
  }
  const inputs = node.inputs.map(again);
  const { outputs } = makeNode(node.op, node.attrs, inputs, node.outputs, undefined, node.scope);
  node.outputs.forEach((tensor, i) => {
    moved.set(tensor, outputs[i]);
  });
}
