import type { DType, TypedArray } from '../../tensor/dtype.js';
import type { Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { InferenceAttrs, InferenceOp } from './roles.js';

/** An input, a constant, or what a node computes. */
export interface InferenceValue {
  /** A C identifier, unique in the graph (before `nameValues`: a wish). */
  readonly name: string;
  /** Logical, N,C,H,W for images; dimension 0 may be `BATCH`. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Contents of a constant, in logical row-major order. */
  readonly data?: TypedArray;
  /** The traced tensor with the same values: what a verification compares with. */
  readonly tensor?: Tensor;
}

export interface Constant extends InferenceValue {
  readonly data: TypedArray;
}

/** One operator of an evaluation; `op` tells the type of `attrs`. Only `split` has more than one result. */
export type InferenceNode<P extends InferenceOp = InferenceOp> = {
  readonly [Q in P]: {
    readonly op: Q;
    readonly attrs: InferenceAttrs[Q];
    readonly inputs: readonly InferenceValue[];
    readonly outputs: readonly [InferenceValue, ...InferenceValue[]];
    /** Path of the layer that it came from. */
    readonly scope: string;
  };
}[P];

/** An evaluated network: nodes in an order in which they can run. */
export interface InferenceGraph {
  readonly inputs: readonly InferenceValue[];
  readonly nodes: readonly InferenceNode[];
  readonly outputs: readonly InferenceValue[];
}

export function isConstant(value: InferenceValue): value is Constant {
  return value.data !== undefined;
}

/** Constants that nodes read, each once, in order of their first use. */
export function constantsOf({ nodes }: InferenceGraph): Constant[] {
  return [...new Set(nodes.flatMap(({ inputs }) => inputs.filter(isConstant)))];
}

/** How often each value is read, graph outputs included. */
export function countUses({ nodes, outputs }: InferenceGraph): Map<InferenceValue, number> {
  const uses = new Map<InferenceValue, number>();
  for (const value of [...outputs, ...nodes.flatMap(({ inputs }) => inputs)])
    uses.set(value, (uses.get(value) ?? 0) + 1);
  return uses;
}

/** Replaces values wherever they are read; chains of replacements are followed. */
export function replaceValues(
  graph: InferenceGraph,
  replacements: ReadonlyMap<InferenceValue, InferenceValue>,
): InferenceGraph {
  const move = (value: InferenceValue): InferenceValue => {
    let current = value;
    for (let next = replacements.get(current); next; next = replacements.get(current)) current = next;
    return current;
  };
  return {
    inputs: graph.inputs,
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(move) }) as InferenceNode),
    outputs: graph.outputs.map(move),
  };
}

/** Drops nodes that no output depends on. */
export function dropUnused(graph: InferenceGraph): InferenceGraph {
  const needed = new Set<InferenceValue>(graph.outputs);
  const nodes: InferenceNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    nodes.push(node);
  }
  return { ...graph, nodes: nodes.reverse() };
}
