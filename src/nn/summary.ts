import { ops } from '../ops/index.js';
import type { AnyOp, Cost } from '../ops/op.js';
import { reachableNodes } from '../tensor/reachable.js';
import { type Shape, size } from '../tensor/shape.js';
import { traceStates } from '../tensor/state.js';
import { input, type Node, scalar } from '../tensor/tensor.js';
import { type ForwardContext, type Module, namedParameters } from './module.js';

/** One layer: the nodes of one path. */
export interface LayerSummary {
  /** Path of the layer; empty for what the network itself does. */
  readonly name: string;
  /** Operators that it runs, in order. */
  readonly ops: readonly string[];
  /** Shape of its last result. */
  readonly output: Shape;
  readonly parameters: number;
  readonly macs: number;
  readonly flops: number;
}

export interface ModelSummary {
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  /** Parameters that are trained. */
  readonly trainable: number;
  /** Multiply-adds of convolutions and matrix products in one evaluation. */
  readonly macs: number;
  readonly flops: number;
}

const total = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

/** Traces an evaluation of an initialised network on `shape` and adds up what its layers hold and cost. */
export function summarize(model: Module, shape: Shape): ModelSummary {
  const context: ForwardContext = { training: false, dropoutCounter: scalar('counter', 'u32'), seed: 0 };
  const { result } = traceStates(() => model.call(input('image', shape), context));
  const layers = new Map<string, Node[]>();
  for (const node of reachableNodes([result])) {
    if (node.source) continue;
    const nodes = layers.get(node.scope);
    if (nodes) nodes.push(node);
    else layers.set(node.scope, [node]);
  }
  const owned = parametersByLayer(model);
  const rows = [...layers].map(([name, nodes]) => layerSummary(name, nodes, owned.get(name) ?? 0));
  const parameters = [...namedParameters(model).values()].filter(({ role }) => role === 'parameter');
  return {
    layers: rows,
    parameters: total(parameters.map((parameter) => size(parameter.shape))),
    trainable: total(parameters.filter(({ trainable }) => trainable).map((parameter) => size(parameter.shape))),
    macs: total(rows.map(({ macs }) => macs)),
    flops: total(rows.map(({ flops }) => flops)),
  };
}

function layerSummary(name: string, nodes: readonly Node[], parameters: number): LayerSummary {
  const costs = nodes.map(costOf);
  const last = nodes[nodes.length - 1].outputs[0];
  return {
    name,
    ops: nodes.map(({ op }) => op),
    output: last.shape,
    parameters,
    macs: total(costs.map(({ macs }) => macs ?? 0)),
    flops: total(costs.map(({ flops }) => flops)),
  };
}

function costOf({ op, inputs, outputs, attrs }: Node): Cost {
  const rule: AnyOp | undefined = (ops as Readonly<Record<string, AnyOp>>)[op];
  return rule?.cost?.(inputs, outputs, attrs) ?? { flops: 0 };
}

function parametersByLayer(model: Module): Map<string, number> {
  const result = new Map<string, number>();
  for (const [name, { role, shape }] of namedParameters(model)) {
    if (role !== 'parameter') continue;
    const layer = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    result.set(layer, (result.get(layer) ?? 0) + size(shape));
  }
  return result;
}
