import { constantsOf, type InferenceGraph, type InferenceNode, type InferenceValue } from './graph.js';

/** Words that one of the target languages keeps for itself. */
const reserved = new Set(
  `any bool program func tensor list dict tuple true false string bf16 fp16 fp32 fp64 int4 int8 int16 int32 int64 uint1
  uint2 uint3 uint4 uint6 uint8 uint16 uint32 uint64 state main`.split(/\s+/),
);

/** Hands out names: C identifiers, each once. */
export class Names {
  readonly #taken = new Set<string>();

  /** `wish` with everything illegal replaced, and a number when it was given out before. */
  take(wish: string): string {
    let legal = wish.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
    if (!/^[A-Za-z]/.test(legal)) legal = `value_${legal}`.replace(/_$/, '');
    if (reserved.has(legal)) legal = `${legal}_`;
    let name = legal;
    for (let n = 2; this.#taken.has(name); n++) name = `${legal}_${n}`;
    this.#taken.add(name);
    return name;
  }
}

/**
 * Final names, the same ones in every target: inputs and outputs keep theirs, a constant is called as in the state
 * dict, and the result of a node after its layer, with the operator's name where a layer has several.
 */
export function nameValues(graph: InferenceGraph): InferenceGraph {
  const names = new Names();
  const renamed = new Map<InferenceValue, InferenceValue>();
  const rename = (value: InferenceValue, wish: string): void => {
    if (!renamed.has(value)) renamed.set(value, { ...value, name: names.take(wish) });
  };
  for (const value of [...graph.inputs, ...graph.outputs]) rename(value, value.name);
  for (const value of constantsOf(graph)) rename(value, value.name);
  const perLayer = new Map<string, number>();
  for (const { scope } of graph.nodes) perLayer.set(scope, (perLayer.get(scope) ?? 0) + 1);
  for (const node of graph.nodes) {
    const alone = node.scope !== '' && perLayer.get(node.scope) === 1;
    for (const output of node.outputs) rename(output, alone ? node.scope : `${node.scope}.${kindOf(node)}`);
  }
  const move = (value: InferenceValue) => renamed.get(value)!;
  return {
    inputs: graph.inputs.map(move),
    nodes: graph.nodes.map(
      (node) =>
        ({ ...node, inputs: node.inputs.map(move), outputs: node.outputs.map(move) }) as unknown as InferenceNode,
    ),
    outputs: graph.outputs.map(move),
  };
}

function kindOf({ op, attrs }: InferenceNode): string {
  const { kind } = attrs as { kind?: string };
  return kind ?? op;
}
