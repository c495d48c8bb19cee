import type { ConcatAttrs } from '../ops/concat.js';
import { allValues, type PlanGraph, type PlanNode } from './lower.js';
import type { PlanValue } from './values.js';

/**
 * Concatenation along dimension 0 costs nothing: the parts are computed straight into their place in the result.
 * Parts that cannot move (states, inputs of the program, parts used twice) keep the copying operator.
 */
export function placeConcats(graph: PlanGraph, alignment: number): void {
  graph.nodes = graph.nodes.filter((node) => {
    if (node.op !== 'concat' || (node.attrs as ConcatAttrs).axis !== 0 || !canPlace(node, alignment)) return true;
    const values = allValues(graph);
    const [result] = node.outputs;
    let offset = 0;
    for (const part of node.inputs) {
      const { storage } = part;
      for (const value of values) {
        if (value.storage !== storage) continue;
        value.storage = result.storage;
        value.offset += offset;
      }
      offset += part.bytes;
    }
    return false;
  });
}

function canPlace({ inputs, outputs: [result] }: PlanNode, alignment: number): boolean {
  if (result.layout[0] !== 0) return false;
  const storages = new Set(inputs.map(({ storage }) => storage));
  let offset = 0;
  return (
    storages.size === inputs.length &&
    inputs.every((part: PlanValue) => {
      const aligned = offset % alignment === 0;
      offset += part.bytes;
      const { kind, uploaded, bytes } = part.storage;
      return aligned && kind === 'pool' && !uploaded && part.offset === 0 && bytes === part.bytes;
    })
  );
}
