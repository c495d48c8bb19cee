import type { DType } from './dtype.js';
import type { Shape } from './shape.js';
import type { State } from './state.js';

export interface TensorSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What made a tensor: an operator, or one of the sources that a program reads from outside. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  /** A number that changes from step to step (learning rate, counter): rank 0, uploaded before each replay. */
  | { readonly kind: 'scalar'; readonly name: string }
  /** The value of a state at its `version`-th write in this trace; version 0 is what it holds before the step. */
  | { readonly kind: 'state'; readonly state: State };

export interface Node {
  /** Creation order; a node's inputs always have smaller ids, so sorting by id is a topological order. */
  readonly id: number;
  /** Name of the operator, a key of `ops`; or `source`. */
  readonly op: string;
  readonly attrs: unknown;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly source?: Source;
  /** Layer path at the time of the call, e.g. `backbone.layer_3.0.conv_3x3`. */
  readonly scope: string;
}

/** A symbolic value: shape, dtype and the node that produces it. It holds no data. */
export class Tensor implements TensorSpec {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return `${this.node.op}#${this.node.id}.${this.index}:${this.dtype}[${this.shape}]`;
  }
}

let nextId = 1;
const scopes: string[] = [];

/** Runs `body` with `name` appended to the layer path that nodes and errors carry. */
export function withScope<T>(name: string, body: () => T): T {
  scopes.push(name);
  try {
    return body();
  } finally {
    scopes.pop();
  }
}

export function currentScope(): string {
  return scopes.filter(Boolean).join('.');
}

/** Makes a node with its output tensors. Operators call this through `apply` in `ops/op.ts`. */
export function makeNode(
  op: string,
  attrs: unknown,
  inputs: readonly Tensor[],
  specs: readonly TensorSpec[],
  source?: Source,
  scope = currentScope(),
): Node {
  const outputs: Tensor[] = [];
  const node: Node = { id: nextId++, op, attrs, inputs, outputs, source, scope };
  specs.forEach((spec, i) => {
    outputs.push(new Tensor(node, i, spec.shape, spec.dtype));
  });
  return node;
}

/**
 * A value that the caller uploads before the program runs. The shape is logical, N,C,H,W for images; `Program.run`
 * takes the bytes of rank-4 inputs channels-last, N,H,W,C, as image data lies in memory (see `channelsLast`).
 */
export function input(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
  return makeNode('source', null, [], [{ shape, dtype }], { kind: 'input', name }).outputs[0];
}

/** A rank-0 value that the caller sets before each replay, such as the learning rate. */
export function scalar(name: string, dtype: DType = 'f32'): Tensor {
  return makeNode('source', null, [], [{ shape: [], dtype }], { kind: 'scalar', name }).outputs[0];
}
