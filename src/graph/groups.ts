import { groupOffsets } from '../devices/group.js';
import type { State } from '../tensor/state.js';
import { PlanError } from '../utils/errors.js';
import { copyNode, opOf, type PlanGraph, type PlanNode } from './lower.js';
import { type Group, makeValue, type PlanValue, type Storage } from './values.js';

const F32_BYTES = 4;

/**
 * Makes the operands of multi-tensor operators contiguous: gradients are computed straight into their place in one
 * block, states are asked to lie in one slab. Returns the lists of states that must be neighbours.
 */
export function assignGroups(graph: PlanGraph): State[][] {
  const slabs: State[][] = [];
  const nodes: PlanNode[] = [];
  for (const node of graph.nodes) {
    for (const [start, end] of opOf(node.op).groups?.(node.inputs, node.attrs) ?? []) {
      const members = node.inputs.slice(start, end);
      if (members.every((value) => value.storage.kind === 'state')) slabs.push(members.map((v) => v.storage.state!));
      else if (!isGroup(members)) makeGroup(node, start, end, nodes);
    }
    nodes.push(node);
  }
  graph.nodes = nodes;
  return slabs;
}

/** True when an earlier operator already walks exactly these values. */
function isGroup(members: readonly PlanValue[]): boolean {
  const group = members[0].storage.group;
  return !!group && group.members.length === members.length && members.every((v, i) => v.storage === group.members[i]);
}

function makeGroup(node: PlanNode, start: number, end: number, nodes: PlanNode[]): void {
  const storages: Storage[] = [];
  for (let i = start; i < end; i++) {
    const value = node.inputs[i];
    const { storage } = value;
    const direct =
      storage.kind === 'pool' &&
      !storage.uploaded &&
      !storage.group &&
      storage.bytes === value.bytes &&
      !storages.includes(storage);
    if (!direct) {
      const copy = makeValue(value.name, value.shape, value.dtype, undefined, value.layout);
      nodes.push(copyNode(value, copy, node.scope));
      node.inputs[i] = copy;
    }
    storages.push(node.inputs[i].storage);
  }
  const { offsets, total } = groupOffsets(node.inputs.slice(start, end));
  if (node.inputs.slice(start, end).some((value) => value.dtype !== 'f32')) {
    throw new PlanError(`${node.op} walks a group of tensors that are not all f32`, 'cast them first');
  }
  const group: Group = { members: storages, bytes: total * F32_BYTES, offset: -1 };
  storages.forEach((storage, i) => {
    storage.group = group;
    storage.offset = offsets[i] * F32_BYTES;
  });
}
