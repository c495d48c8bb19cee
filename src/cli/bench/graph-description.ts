import type { ProgramTrace } from '../../graph/lower.js';
import type { DType } from '../../tensor/dtype.js';
import { reachableNodes } from '../../tensor/reachable.js';
import type { Shape } from '../../tensor/shape.js';
import type { State } from '../../tensor/state.js';
import type { Node, Tensor } from '../../tensor/tensor.js';
import type { Fill } from './fill.js';

/** A traced graph as plain data: what a peer runs in its own way. Values are numbered; shapes are logical. */
export interface GraphDescription {
  readonly values: readonly { readonly shape: Shape; readonly dtype: DType }[];
  readonly sources: readonly { readonly value: number; readonly name: string; readonly fill: Fill }[];
  readonly nodes: readonly {
    readonly op: string;
    readonly attrs: unknown;
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
  }[];
  /** What is compared. */
  readonly outputs: readonly number[];
  /** Present when a step differentiates and updates: `outputs[0]` is the loss. */
  readonly training?: TrainingDescription;
}

export interface TrainingDescription {
  /** Values that are differentiated and updated. */
  readonly parameters: readonly number[];
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** The hyper-parameters of the step that is timed: SGD with Nesterov momentum. */
export type SgdSettings = Omit<TrainingDescription, 'parameters'>;

/** Describes a trace; `fillOf` says what the sources hold. */
export function describeGraph(
  { result, reads }: ProgramTrace,
  fillOf: (source: NonNullable<Node['source']>) => Fill,
  training?: { readonly parameters: readonly State[]; readonly settings: SgdSettings },
): GraphDescription {
  const values: GraphDescription['values'][number][] = [];
  const numbers = new Map<Tensor, number>();
  const sources: GraphDescription['sources'][number][] = [];
  const nodes: GraphDescription['nodes'][number][] = [];
  for (const node of reachableNodes(Object.values(result))) {
    for (const tensor of node.outputs) {
      numbers.set(tensor, values.length);
      values.push({ shape: tensor.shape, dtype: tensor.dtype });
    }
    const outputs = node.outputs.map((tensor) => numbers.get(tensor)!);
    if (node.source) {
      const name = node.source.kind === 'state' ? node.source.state.name : node.source.name;
      sources.push({ value: outputs[0], name, fill: fillOf(node.source) });
    } else {
      nodes.push({
        op: node.op,
        attrs: node.attrs,
        inputs: node.inputs.map((tensor) => numbers.get(tensor)!),
        outputs,
      });
    }
  }
  return {
    values,
    sources,
    nodes,
    outputs: Object.values(result).map((tensor) => numbers.get(tensor)!),
    training: training && {
      parameters: training.parameters.map((state) => numbers.get(reads.get(state)!)!),
      ...training.settings,
    },
  };
}
