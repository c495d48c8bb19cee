import { type OpName, ops } from '../ops/index.js';
import type { AnyOp } from '../ops/op.js';
import type { SliceAttrs } from '../ops/slice.js';
import type { TransposeAttrs } from '../ops/transpose.js';
import { allocate, bytesPerElement } from '../tensor/dtype.js';
import { defaultLayout, type Layout, rowMajor, sameOrder } from '../tensor/layout.js';
import { reachableNodes } from '../tensor/reachable.js';
import { size } from '../tensor/shape.js';
import type { State, StateTrace } from '../tensor/state.js';
import type { Node, Tensor } from '../tensor/tensor.js';
import { PlanError } from '../utils/errors.js';
import { cutRows, type RowRange, type WindowLimits } from './rows.js';
import { makeValue, type PlanValue, type Storage } from './values.js';
import { layoutBeforeReshape, reshapeLayout, transposeLayout } from './view.js';

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

/** Their kernels walk an input of any layout. */
const STRIDED_OPS = new Set<string>(['copy', 'slice', 'split'] satisfies OpName[]);

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
 * Gives every tensor a value with a physical layout, turns reshapes and transpositions into views, slices of the batch
 * into windows, small fills into constants, and everything else into plan nodes. A view is copied where a kernel wants
 * another layout.
 */
export function lowerGraph({ result, writes }: ProgramTrace, limits: WindowLimits): PlanGraph {
  const lowering = new GraphLowering(limits);
  for (const node of reachableNodes([...Object.values(result), ...writes.values()])) lowering.add(node);
  for (const state of writes.keys()) lowering.stateValue(state);
  const { nodes, inputs, scalars, states } = lowering;
  return {
    nodes,
    inputs,
    scalars,
    outputs: new Map(Object.entries(result).map(([name, tensor]) => [name, lowering.settled(tensor)])),
    states,
    writes: new Map([...writes].map(([state, tensor]) => [state, lowering.settled(tensor)])),
  };
}

class GraphLowering {
  readonly nodes: PlanNode[] = [];
  readonly inputs = new Map<string, PlanValue>();
  readonly scalars = new Map<string, PlanValue>();
  readonly states = new Map<State, PlanValue>();
  readonly #values = new Map<Tensor, PlanValue>();
  /** Copies of a value by layout, so that none is made twice. */
  readonly #copies = new Map<PlanValue, Map<string, PlanValue>>();

  constructor(private readonly limits: WindowLimits) {}

  add(node: Node): void {
    const [result] = node.outputs;
    if (node.source)
      this.#values.set(
        result,
        sourceValue(node, this.inputs, this.scalars, (s) => this.stateValue(s)),
      );
    else if (node.op === 'reshape') this.#values.set(result, this.#reshape(node));
    else if (node.op === 'transpose') this.#values.set(result, this.#transpose(node));
    else if (isWindow(node, this.#inputOf(node), this.limits.alignment)) {
      this.#values.set(result, windowOf(node, this.#inputOf(node)!));
    } else if (node.op === 'fill' && size(result.shape) <= MAX_CONSTANT_ELEMENTS) {
      this.#values.set(result, constant(node));
    } else this.#node(node);
  }

  stateValue(state: State): PlanValue {
    let value = this.states.get(state);
    if (!value) {
      const bytes = size(state.shape) * bytesPerElement[state.dtype];
      value = makeValue(state.name, state.shape, state.dtype, { kind: 'state', bytes, state, offset: 0 });
      this.states.set(state, value);
    }
    return value;
  }

  /** The value of a tensor in the layout that states and callers expect. */
  settled(tensor: Tensor): PlanValue {
    return this.#inLayout(this.#values.get(tensor)!, defaultLayout(tensor.rank), label(tensor.node), tensor.node.scope);
  }

  /** Operands in the layout that the kernels expect: channels-last for rank 4, row-major for the rest. */
  #node(node: Node): void {
    const wanted = (rank: number) => (LAST_AXES_OPS.has(node.op) ? rowMajor(rank) : defaultLayout(rank));
    const inputs = node.inputs.map((tensor) => {
      const value = this.#values.get(tensor)!;
      return STRIDED_OPS.has(node.op) ? value : this.#inLayout(value, wanted(tensor.rank), label(node), node.scope);
    });
    const outputs = node.outputs.map((t) => makeValue(label(node), t.shape, t.dtype, undefined, wanted(t.rank)));
    this.nodes.push({ op: node.op as OpName, attrs: node.attrs, inputs, outputs, scope: node.scope });
    node.outputs.forEach((tensor, i) => {
      this.#values.set(tensor, outputs[i]);
    });
  }

  #inLayout(value: PlanValue, layout: Layout, name: string, scope: string): PlanValue {
    if (sameOrder(value.shape, value.layout, layout)) return value;
    const copies = this.#copies.get(value) ?? new Map<string, PlanValue>();
    this.#copies.set(value, copies);
    let copy = copies.get(layout.join());
    if (!copy) {
      copy = makeValue(name, value.shape, value.dtype, undefined, layout);
      copies.set(layout.join(), copy);
      this.#copy(value, copy, scope);
    }
    return copy;
  }

  /** Memory that is too large to bind is copied in windows of rows, where both layouts keep rows together. */
  #copy(from: PlanValue, to: PlanValue, scope: string): void {
    const cut = from.bytes > this.limits.maxBytes && from.layout[0] === 0 && to.layout[0] === 0;
    const windows = cut ? cutRows(from.shape[0], [rowBytes(from)], this.limits) : undefined;
    if (!windows) this.nodes.push(copyNode(from, to, scope));
    else for (const range of windows) this.nodes.push(copyNode(rowsOf(from, range), rowsOf(to, range), scope));
  }

  /** Reshape keeps the logical row-major order; it is free when the physical order has the joined axes side by side. */
  #reshape(node: Node): PlanValue {
    const [{ shape, dtype }] = node.outputs;
    const given = this.#inputOf(node)!;
    const free = reshapeLayout(given.shape, given.layout, shape);
    if (free) return makeValue(label(node), shape, dtype, given.storage, free, given.offset);
    const source = this.#inLayout(given, layoutBeforeReshape(given.shape, shape), label(node), node.scope);
    const layout = reshapeLayout(source.shape, source.layout, shape);
    return makeValue(label(node), shape, dtype, source.storage, layout, source.offset);
  }

  #transpose(node: Node): PlanValue {
    const [{ shape, dtype }] = node.outputs;
    const { layout, storage, offset } = this.#inputOf(node)!;
    const turned = transposeLayout(shape, layout, (node.attrs as TransposeAttrs).order);
    return makeValue(label(node), shape, dtype, storage, turned, offset);
  }

  #inputOf(node: Node): PlanValue | undefined {
    return this.#values.get(node.inputs[0]);
  }
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
function isWindow(node: Node, source: PlanValue | undefined, alignment: number): boolean {
  if (node.op !== 'slice' || source?.layout[0] !== 0) return false;
  const { start, size: count, step } = node.attrs as SliceAttrs;
  const whole = source.shape.every((d, axis) => axis === 0 || (start[axis] === 0 && count[axis] === d));
  return whole && step.every((s) => s === 1) && (source.offset + start[0] * rowBytes(source)) % alignment === 0;
}

function windowOf(node: Node, source: PlanValue): PlanValue {
  return { ...rowsOf(source, [(node.attrs as SliceAttrs).start[0], node.outputs[0].shape[0]]), name: label(node) };
}

function rowsOf(source: PlanValue, [start, rows]: RowRange): PlanValue {
  const { name, shape, dtype, storage, layout, offset } = source;
  return makeValue(name, [rows, ...shape.slice(1)], dtype, storage, layout, offset + start * rowBytes(source));
}

export function rowBytes({ bytes, shape }: PlanValue): number {
  return bytes / Math.max(1, shape[0]);
}
