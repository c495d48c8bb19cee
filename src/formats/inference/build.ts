import type { FillAttrs } from '../../ops/fill.js';
import type { OpName } from '../../ops/index.js';
import type { Engine } from '../../scheduler/engine.js';
import { evaluate } from '../../scheduler/evaluate.js';
import type { TypedArray } from '../../tensor/dtype.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { BATCH, size } from '../../tensor/shape.js';
import type { Node, Tensor } from '../../tensor/tensor.js';
import { FormatError } from '../../utils/errors.js';
import { dropUnused, type InferenceGraph, type InferenceNode, type InferenceValue } from './graph.js';
import { operatorRoles } from './roles.js';

/**
 * A traced evaluation as operators, constants and inputs. What depends on states and numbers only is computed on the
 * engine and becomes a constant. Names are wishes still: constants have their state's, outputs their key.
 * Throws FormatError for an operator of training.
 */
export async function buildGraph(engine: Engine, outputs: Readonly<Record<string, Tensor>>): Promise<InferenceGraph> {
  const traced = reachableNodes(Object.values(outputs));
  const kept = traced.filter(isComputed(traced));
  const constants = await constantValues(engine, kept, Object.values(outputs));
  const outputNames = new Map(Object.entries(outputs).map(([name, tensor]) => [tensor, name]));

  const values = new Map<Tensor, InferenceValue>(constants);
  const inputs: InferenceValue[] = [];
  const nodes: InferenceNode[] = [];
  for (const node of kept) {
    const [tensor] = node.outputs;
    if (node.source) {
      if (node.source.kind !== 'input')
        throw new FormatError(`the network reads the ${describeSource(node)} when it runs`);
      const value = { name: node.source.name, shape: tensor.shape, dtype: tensor.dtype, tensor };
      inputs.push(value);
      values.set(tensor, value);
      continue;
    }
    const operands = node.inputs.map((operand) => values.get(operand)!);
    if (operatorRoles[node.op as OpName] === 'identity' && !outputNames.has(tensor)) {
      values.set(tensor, operands[0]);
      continue;
    }
    // The other results of pools and norms are for gradients.
    const results = (node.op === 'split' ? node.outputs : [tensor]).map((result) => {
      const value = {
        name: outputNames.get(result) ?? node.op,
        shape: result.shape,
        dtype: result.dtype,
        tensor: result,
      };
      values.set(result, value);
      return value;
    });
    nodes.push(inferenceNode(node, operands, results));
  }
  const results = Object.entries(outputs).map(([name, tensor]) => {
    const value = values.get(tensor)!;
    if (value.name === name && !value.data && !inputs.includes(value)) return value;
    throw new FormatError(
      `output ${name} is no result of an operator of its own`,
      'export networks that compute something',
    );
  });
  return dropUnused({ inputs, nodes, outputs: results });
}

function inferenceNode(
  node: Node,
  inputs: readonly InferenceValue[],
  outputs: readonly InferenceValue[],
): InferenceNode {
  const role = operatorRoles[node.op as OpName];
  if (role === 'training') {
    throw new FormatError(
      `${node.scope || 'the network'}: ${node.op} is an operator of training`,
      'trace an evaluation',
    );
  }
  if (role !== 'inference') throw new FormatError(`${node.scope || 'the network'}: ${node.op} cannot be exported here`);
  return { op: node.op, attrs: node.attrs, inputs, outputs, scope: node.scope } as unknown as InferenceNode;
}

/** Tells nodes that run with every image from those whose value is known now. */
function isComputed(nodes: readonly Node[]): (node: Node) => boolean {
  const computed = new Set<Node>();
  for (const node of nodes) {
    const reads = node.source ? node.source.kind !== 'state' : node.inputs.some((tensor) => computed.has(tensor.node));
    // What is repeated for each image of the batch has a value, but no size yet.
    if (reads || node.outputs[0].shape.includes(BATCH)) computed.add(node);
  }
  return (node) => computed.has(node);
}

/** Values of the known tensors that nodes with images, or the results, read. */
async function constantValues(
  engine: Engine,
  computed: readonly Node[],
  outputs: readonly Tensor[],
): Promise<Map<Tensor, InferenceValue>> {
  const runs = new Set(computed);
  const read = [...computed.flatMap(({ inputs }) => inputs), ...outputs];
  const wanted = [...new Set(read)].filter(({ node }) => !runs.has(node));
  const derived = wanted.filter(({ node }) => !isHeld(engine, node) && node.op !== 'fill');
  const results = derived.length > 0 ? await evaluate(engine, derived) : [];
  const values = new Map<Tensor, InferenceValue>();
  for (const tensor of wanted) {
    const { node, shape, dtype } = tensor;
    const data = results[derived.indexOf(tensor)] ?? (await knownValue(engine, node));
    const name = node.source?.kind === 'state' ? node.source.state.name : `${node.scope}.${node.op}`;
    values.set(tensor, { name, shape, dtype, data });
  }
  return values;
}

/** A state that the engine has already; others it makes when it computes what depends on them. */
function isHeld(engine: Engine, { source }: Node): boolean {
  return source?.kind === 'state' && engine.states.placementOf(source.state) !== undefined;
}

async function knownValue(engine: Engine, node: Node): Promise<TypedArray> {
  if (node.source?.kind === 'state') {
    return engine.readState(node.source.state);
  }
  const { shape, value } = node.attrs as FillAttrs;
  return new Float32Array(size(shape)).fill(value);
}

function describeSource({ source }: Node): string {
  return source?.kind === 'state' ? `state ${source.state.name}` : `scalar ${source?.name}`;
}
