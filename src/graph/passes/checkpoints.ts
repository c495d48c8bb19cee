import { bytesPerElement } from '../../tensor/dtype.js';
import { size } from '../../tensor/shape.js';
import type { Node, Tensor } from '../../tensor/tensor.js';
import { opOf } from '../lower.js';
import { isRepeatable, isStatistic, type Passes } from './recompute.js';

/** Operators that do at most so many operations for each element they write are cheap to repeat. */
const CHEAP_FLOPS = 16;

/** What moving one byte costs, in floating-point operations: about right for CPUs and for GPUs. */
const BYTE_COST = 4;

/** Consecutive forward nodes, and what repeating them saves and costs. */
interface Segment {
  readonly cheap: Tensor[];
  readonly all: Tensor[];
}

/** One more thing to repeat. */
interface Upgrade {
  readonly tensors: readonly Tensor[];
  /** Bytes saved for each unit of cost. */
  readonly worth: number;
}

const bytesOf = ({ shape, dtype }: Tensor): number => size(shape) * bytesPerElement[dtype];

/**
 * Ways to choose what is computed again, from little to everything: cuts the forward pass where few bytes cross, keeps
 * what crosses, and orders the segments by the bytes that repeating them frees for its cost. In each segment cheap
 * operators come before the rest. `segmentBytes` bounds what one segment brings back at once.
 */
export function checkpointChoices(passes: Passes, segmentBytes: number): ReadonlySet<Tensor>[] {
  const saved = savedTensors(passes);
  const upgrades = segmentsOf(passes.forward, saved, segmentBytes).flatMap((segment) => upgradesOf(segment, saved));
  upgrades.sort((a, b) => b.worth - a.worth);
  const dropped = new Set<Tensor>();
  return upgrades.map(({ tensors }) => {
    for (const tensor of tensors) dropped.add(tensor);
    return new Set(dropped);
  });
}

/** What the backward pass reads of the forward pass. */
export function savedTensors({ backward }: Passes): ReadonlySet<Tensor> {
  const own = new Set(backward);
  const read = backward.flatMap(({ inputs }) => inputs);
  return new Set(read.filter(({ node }) => !node.source && !own.has(node)));
}

function segmentsOf(forward: readonly Node[], saved: ReadonlySet<Tensor>, segmentBytes: number): Segment[] {
  const crossing = crossingBytes(forward);
  const cuts: number[] = [];
  let held = 0;
  let best = 0;
  for (let i = 0; i < forward.length; i++) {
    if (held >= segmentBytes / 2 && (best <= (cuts.at(-1) ?? 0) || crossing[i] <= crossing[best])) best = i;
    held += savedBytes(forward[i].outputs, saved);
    if (held < segmentBytes || best <= (cuts.at(-1) ?? 0)) continue;
    cuts.push(best);
    held = forward.slice(best, i + 1).reduce((sum, { outputs }) => sum + savedBytes(outputs, saved), 0);
  }
  const kept = crossingTensors(forward, cuts);
  return [...cuts, forward.length].map((end, i) => {
    const nodes = forward.slice(cuts[i - 1] ?? 0, end).filter(isRepeatable);
    const droppable = (node: Node) => node.outputs.filter((tensor) => !kept.has(tensor) && !isStatistic(tensor));
    return { cheap: nodes.filter(isCheap).flatMap(droppable), all: nodes.flatMap(droppable) };
  });
}

function savedBytes(tensors: readonly Tensor[], saved: ReadonlySet<Tensor>): number {
  return tensors.reduce((sum, tensor) => sum + (saved.has(tensor) ? bytesOf(tensor) : 0), 0);
}

/** Position of each node's last consumer. */
function lastUses(forward: readonly Node[]): ReadonlyMap<Tensor, number> {
  const last = new Map<Tensor, number>();
  forward.forEach(({ inputs }, position) => {
    for (const tensor of inputs) last.set(tensor, position);
  });
  return last;
}

/** Bytes that nodes before each position hand to nodes from there on. */
function crossingBytes(forward: readonly Node[]): number[] {
  const last = lastUses(forward);
  const changes = new Array<number>(forward.length + 2).fill(0);
  forward.forEach(({ outputs }, position) => {
    for (const tensor of outputs) {
      const end = last.get(tensor) ?? position;
      changes[position + 1] += bytesOf(tensor);
      changes[end + 1] -= bytesOf(tensor);
    }
  });
  let bytes = 0;
  return forward.map((_, position) => {
    bytes += changes[position];
    return bytes;
  });
}

function crossingTensors(forward: readonly Node[], cuts: readonly number[]): ReadonlySet<Tensor> {
  const last = lastUses(forward);
  const kept = new Set<Tensor>();
  forward.forEach(({ outputs }, position) => {
    for (const tensor of outputs) {
      if (cuts.some((cut) => position < cut && (last.get(tensor) ?? -1) >= cut)) kept.add(tensor);
    }
  });
  return kept;
}

function isCheap(node: Node): boolean {
  const elements = node.outputs.reduce((sum, { shape }) => sum + size(shape), 0);
  return flops(node) <= CHEAP_FLOPS * elements;
}

function flops({ op, inputs, outputs, attrs }: Node): number {
  return opOf(op).cost?.(inputs, outputs, attrs).flops ?? 0;
}

function upgradesOf({ cheap, all }: Segment, saved: ReadonlySet<Tensor>): Upgrade[] {
  const [few, many] = [cheap, all].map((tensors) => ({ bytes: savedBytes(tensors, saved), cost: costOf(tensors) }));
  const first = few.bytes / few.cost;
  const second = (many.bytes - few.bytes) / (many.cost - few.cost);
  const upgrades: Upgrade[] = [];
  if (few.bytes > 0 && first > second) upgrades.push({ tensors: cheap, worth: first });
  if (many.bytes > few.bytes) {
    const worth = upgrades.length > 0 ? second : many.bytes / many.cost;
    upgrades.push({ tensors: all, worth });
  } else if (few.bytes > 0 && upgrades.length === 0) upgrades.push({ tensors: cheap, worth: first });
  return upgrades;
}

function costOf(tensors: readonly Tensor[]): number {
  const nodes = new Set(tensors.map(({ node }) => node));
  return [...nodes].reduce((sum, node) => {
    const touched = [...node.inputs, ...node.outputs].reduce((bytes, tensor) => bytes + bytesOf(tensor), 0);
    return sum + flops(node) + BYTE_COST * touched;
  }, 1);
}
