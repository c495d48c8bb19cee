import { type OpName, ops } from '../ops/index.js';
import type { AnyOp } from '../ops/op.js';
import type { SliceAttrs } from '../ops/slice.js';
import { allocate, bytesPerElement } from '../tensor/dtype.js';
import { defaultLayout, type Layout, rowMajor, sameOrder } from '../tensor/layout.js';
import { reachableNodes } from '../tensor/reachable.js';
import { size } from '../tensor/shape.js';
import type { State, StateTrace } from '../tensor/state.js';
import type { Node, Tensor } from '../tensor/tensor.js';
import { PlanError } from '../utils/errors.js';
import { makeValue, type PlanValue, type Storage } from './values.js';

/** One operator of the plan, before the device has chosen kernels. */
export interface PlanNode {
  readonly op: OpName;
  readonly attrs: unknown;
  readonly inputs: PlanValue[];
  readonly outputs: readonly PlanValue[];
  readonly scope: string;
}

/** A graph whose values have layouts and storages: what the in-place and memory passes work on. */
export interface PlanGraph {
  nodes: PlanNode[];
  readonly inputs: ReadonlyMap<string, PlanValue>;
  readonly scalars: ReadonlyMap<string, PlanValue>;
  readonly outputs: Map<string, PlanValue>;
  /** Storage of every state that the program touches. */
  readonly states: ReadonlyMap<State, PlanValue>;
  /** What each written state must hold when the program ends. */
  readonly writes: ReadonlyMap<State, PlanValue>;
}

/** Constants up to this size are uploaded once; larger ones are filled by a kernel in each run. */
const MAX_CONSTANT_ELEMENTS = 65536;

/** Their kernels want row-major operands: a matrix product has no channels. */
const LAST_AXES_OPS = new Set<string>(['matmul'] satisfies OpName[]);

export type ProgramTrace = StateTrace<Readonly<Record<string, Tensor>>>;

export function opOf(name: string): AnyOp {
  const op = (ops as Readonly<Record<string, AnyOp>>)[name];
  if (!op) throw new PlanError(`there is no operator named ${name}`);
  return op;
}

export function copyNode(from: PlanValue, to: PlanValue, scope: string): PlanNode {
  return { op: 'copy', attrs: {}, inputs: [from], outputs: [to], scope };
}

/**
 * Gives every tensor a value with a physical layout, turns reshapes into aliases (with a copy only where the layouts
 * disagree), slices of the batch into windows, small fills into constants, and everything else into plan nodes.
 */
export function lowerGraph({ result, writes }: ProgramTrace, alignment: number): PlanGraph {
  const values = new Map<Tensor, PlanValue>();
  const nodes: PlanNode[] = [];
  const inputs = new Map<string, PlanValue>();
  const scalars = new Map<string, PlanValue>();
  const states = new Map<State, PlanValue>();

  const stateValue = (state: State): PlanValue => {
    let value = states.get(state);
    if (!value) {
      const bytes = size(state.shape) * bytesPerElement[state.dtype];
      value = makeValue(state.name, state.shape, state.dtype, { kind: 'state', bytes, state, offset: 0 });
      states.set(state, value);
    }
    return value;
  };

  for (const node of reachableNodes([...Object.values(result), ...writes.values()])) {
    if (node.source) values.set(node.outputs[0], sourceValue(node, inputs, scalars, stateValue));
    else if (node.op === 'reshape') values.set(node.outputs[0], reshape(node, values, nodes));
    else if (isWindow(node, values.get(node.inputs[0])!, alignment)) {
      values.set(node.outputs[0], windowOf(node, values.get(node.inputs[0])!));
    } else if (node.op === 'fill' && size(node.outputs[0].shape) <= MAX_CONSTANT_ELEMENTS) {
      values.set(node.outputs[0], constant(node));
    } else {
      lowerNode(node, values, nodes);
    }
  }
  for (const state of writes.keys()) stateValue(state);
  return {
    nodes,
    inputs,
    scalars,
    outputs: new Map(Object.entries(result).map(([name, tensor]) => [name, values.get(tensor)!])),
    states,
    writes: new Map([...writes].map(([state, tensor]) => [state, values.get(tensor)!])),
  };
}

/**
 * A node with its operands in the layout that its kernels expect: channels-last for rank 4, row-major for the rest,
 * and row-major throughout for operators that work on the last two logical axes.
 */
function lowerNode(node: Node, values: Map<Tensor, PlanValue>, nodes: PlanNode[]): void {
  const wanted = (rank: number) => (LAST_AXES_OPS.has(node.op) ? rowMajor(rank) : defaultLayout(rank));
  const copy = (from: PlanValue, layout: Layout): PlanValue => {
    const to = makeValue(label(node), from.shape, from.dtype, undefined, layout);
    nodes.push(copyNode(from, to, node.scope));
    return to;
  };
  const inputs = node.inputs.map((tensor) => {
    const value = values.get(tensor)!;
    const layout = wanted(tensor.rank);
    return sameOrder(value.shape, value.layout, layout) ? value : copy(value, layout);
  });
  const outputs = node.outputs.map((t) => makeValue(label(node), t.shape, t.dtype, undefined, wanted(t.rank)));
  nodes.push({ op: node.op as OpName, attrs: node.attrs, inputs, outputs, scope: node.scope });
  node.outputs.forEach((tensor, i) => {
    const layout = defaultLayout(tensor.rank);
    values.set(tensor, sameOrder(tensor.shape, outputs[i].layout, layout) ? outputs[i] : copy(outputs[i], layout));
  });
}

/** Every value of the graph once. */
export function allValues(graph: PlanGraph): Set<PlanValue> {
  const values = new Set<PlanValue>([...graph.outputs.values(), ...graph.writes.values()]);
  for (const node of graph.nodes) for (const value of [...node.inputs, ...node.outputs]) values.add(value);
  return values;
}

function label(node: Node): string {
  return node.scope ? `${node.scope}:${node.op}` : node.op;
}

function sourceValue(
  node: Node,
  inputs: Map<string, PlanValue>,
  scalars: Map<string, PlanValue>,
  stateValue: (state: State) => PlanValue,
): PlanValue {
  const source = node.source!;
  if (source.kind === 'state') return stateValue(source.state);
  const { shape, dtype } = node.outputs[0];
  const named = source.kind === 'input' ? inputs : scalars;
  const existing = named.get(source.name);
  if (existing) {
    if (existing.dtype === dtype && existing.shape.join() === shape.join()) return existing;
    throw new PlanError(
      `${source.kind} ${source.name} is used as ${existing.dtype}[${existing.shape}] and as ${dtype}[${shape}]`,
      'give the two different names',
    );
  }
  const bytes = size(shape) * bytesPerElement[dtype];
  const value = makeValue(source.name, shape, dtype, { kind: 'pool', bytes, uploaded: true, offset: -1 });
  named.set(source.name, value);
  return value;
}

function constant(node: Node): PlanValue {
  const { shape, dtype } = node.outputs[0];
  const data = allocate(dtype, size(shape)).fill((node.attrs as { value: number }).value);
  const storage: Storage = { kind: 'constant', bytes: data.byteLength, data, offset: -1 };
  return makeValue(label(node), shape, dtype, storage);
}

/** A slice of whole rows of dimension 0 needs no copy: it is part of its input's memory, if it starts at an address. */
function isWindow(node: Node, source: PlanValue, alignment: number): boolean {
  if (node.op !== 'slice' || source.layout[0] !== 0) return false;
  const { start, size: count, step } = node.attrs as SliceAttrs;
  const whole = source.shape.every((d, axis) => axis === 0 || (start[axis] === 0 && count[axis] === d));
  return whole && step.every((s) => s === 1) && (source.offset + start[0] * rowBytes(source)) % alignment === 0;
}

function windowOf(node: Node, source: PlanValue): PlanValue {
  const { shape, dtype } = node.outputs[0];
  const offset = source.offset + (node.attrs as SliceAttrs).start[0] * rowBytes(source);
  return makeValue(label(node), shape, dtype, source.storage, source.layout, offset);
}

export function rowBytes({ bytes, shape }: PlanValue): number {
  return bytes / Math.max(1, shape[0]);
}

/** Reshape keeps the logical row-major order; it is free when the physical orders on both sides are that order. */
function reshape(node: Node, values: Map<Tensor, PlanValue>, nodes: PlanNode[]): PlanValue {
  let source = values.get(node.inputs[0])!;
  const { shape, dtype } = node.outputs[0];
  const move = (from: PlanValue, to: PlanValue): PlanValue => {
    nodes.push(copyNode(from, to, node.scope));
    return to;
  };
  const flat = rowMajor(source.shape.length);
  if (!sameOrder(source.shape, source.layout, flat)) {
    source = move(source, makeValue(label(node), source.shape, dtype, undefined, flat));
  }
  if (sameOrder(shape, rowMajor(shape.length), defaultLayout(shape.length))) {
    return makeValue(label(node), shape, dtype, source.storage, undefined, source.offset);
  }
  const view = makeValue(label(node), shape, dtype, source.storage, rowMajor(shape.length), source.offset);
  return move(view, makeValue(label(node), shape, dtype));
}
