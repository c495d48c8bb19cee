import type { State } from '../tensor/state.js';
import { allValues, copyNode, opOf, type PlanGraph, type PlanNode } from './lower.js';
import { makeValue, type PlanValue, type Storage } from './values.js';

/**
 * Decides where operators that update an input in place write, and makes every state end the program with its last
 * value. A state's own memory is written only by its last write, and only when nobody reads the old value later;
 * in every other case the operator works on a copy.
 */
export function assignInPlace(graph: PlanGraph): void {
  const lastRead = lastReads(graph);
  const finalWrites = new Map<PlanValue, State>([...graph.writes].map(([state, value]) => [value, state]));
  const nodes: PlanNode[] = [];
  graph.nodes.forEach((node, position) => {
    for (const [output, input] of opOf(node.op).inPlace?.(node.inputs, node.attrs) ?? []) {
      const source = node.inputs[input];
      if (!mayOverwrite(source.storage, finalWrites.get(node.outputs[output]), lastRead, position)) {
        const copy = makeValue(source.name, source.shape, source.dtype, undefined, source.layout);
        nodes.push(copyNode(source, copy, node.scope));
        node.inputs[input] = copy;
      }
      moveTo(graph, node.outputs[output].storage, node.inputs[input], lastRead);
    }
    nodes.push(node);
  });
  graph.nodes = nodes;
  landWrites(graph);
}

/** Position of the last node that reads each storage; Infinity for what the caller reads back. */
function lastReads(graph: PlanGraph): Map<Storage, number> {
  const last = new Map<Storage, number>();
  graph.nodes.forEach((node, position) => {
    for (const value of node.inputs) last.set(value.storage, position);
  });
  for (const value of graph.outputs.values()) last.set(value.storage, Number.POSITIVE_INFINITY);
  for (const [state, value] of graph.writes) {
    if (value.storage.state !== state && value.storage.kind === 'state')
      last.set(value.storage, Number.POSITIVE_INFINITY);
  }
  return last;
}

function mayOverwrite(
  storage: Storage,
  writes: State | undefined,
  lastRead: ReadonlyMap<Storage, number>,
  position: number,
): boolean {
  if (lastRead.get(storage)! > position || storage.uploaded || storage.kind === 'constant') return false;
  return storage.kind !== 'state' || storage.state === writes;
}

/** Every value in `from` now lives where `to` does. */
function moveTo(graph: PlanGraph, from: Storage, to: PlanValue, lastRead: Map<Storage, number>): void {
  for (const value of allValues(graph)) {
    if (value.storage !== from) continue;
    value.storage = to.storage;
    value.offset += to.offset;
  }
  lastRead.set(to.storage, Math.max(lastRead.get(from) ?? -1, lastRead.get(to.storage) ?? -1));
}

/**
 * Copies the final values that did not land in place. What is still needed of the old values is saved first: program
 * outputs that are a state's old value, and values that move from one state to another.
 */
function landWrites(graph: PlanGraph): void {
  const save = (value: PlanValue): PlanValue => {
    const saved = makeValue(value.name, value.shape, value.dtype);
    graph.nodes.push(copyNode(value, saved, 'state'));
    return saved;
  };
  for (const [name, value] of graph.outputs) {
    const { state } = value.storage;
    if (state && graph.writes.has(state) && graph.writes.get(state) !== value) graph.outputs.set(name, save(value));
  }
  const pending: [PlanValue, PlanValue][] = [];
  for (const [state, value] of graph.writes) {
    const target = graph.states.get(state)!;
    if (value.storage === target.storage) continue;
    pending.push([value.storage.kind === 'state' ? save(value) : value, target]);
  }
  for (const [value, target] of pending) graph.nodes.push(copyNode(value, target, 'state'));
}
