import { BATCH, sameShape, size } from '../../tensor/shape.js';
import {
  type Constant,
  constantsOf,
  countUses,
  dropUnused,
  type InferenceGraph,
  type InferenceNode,
  type InferenceValue,
  isConstant,
  replaceValues,
} from './graph.js';

/** The node that computes a value which only the node in question reads. */
type Producer = (value: InferenceValue) => InferenceNode | undefined;

/** What takes the place of a node, or undefined to keep it. The last node computes the old node's output. */
type Rule = (node: InferenceNode, producer: Producer) => InferenceNode[] | undefined;

/** Two reshapes in a row: the second one alone. */
const mergeReshapes: Rule = (node, producer) => {
  if (node.op !== 'reshape') return undefined;
  const before = producer(node.inputs[0]);
  return before?.op === 'reshape' ? [{ ...node, inputs: before.inputs }] : undefined;
};

/** Two transposes in a row: one of the combined order. */
const mergeTransposes: Rule = (node, producer) => {
  if (node.op !== 'transpose') return undefined;
  const before = producer(node.inputs[0]);
  if (before?.op !== 'transpose') return undefined;
  const order = node.attrs.order.map((axis) => before.attrs.order[axis]);
  return [{ ...node, attrs: { order }, inputs: before.inputs }];
};

/**
 * A learned token, repeated for each image and put before the others: zeros are put there instead and the token is
 * added, which needs no count of images.
 */
const addTokens: Rule = (node, producer) => {
  if (node.op !== 'concat' || node.inputs.length !== 2 || node.outputs[0].shape[0] !== BATCH) return undefined;
  const [token, x] = node.inputs;
  const repeated = producer(token);
  const axis = node.attrs.axis < 0 ? node.attrs.axis + x.shape.length : node.attrs.axis;
  if (repeated?.op !== 'expand' || !isConstant(repeated.inputs[0]) || axis === 0 || x.dtype !== 'f32') return undefined;
  const [value] = repeated.inputs;
  // Everything that is repeated lies within one image, so the token's elements are those of the constant.
  if (size(value.shape) !== token.shape.slice(1).reduce((n, d) => n * d, 1)) return undefined;
  const before = x.shape.map((_, i) => (i === axis ? token.shape[axis] : 0));
  const padded: InferenceValue = { name: 'pad', shape: node.outputs[0].shape, dtype: 'f32' };
  const { scope } = node;
  return [
    { op: 'pad', attrs: { before, after: x.shape.map(() => 0), value: 0 }, inputs: [x], outputs: [padded], scope },
    {
      op: 'binary',
      attrs: { kind: 'add' },
      inputs: [padded, tokenRow(value, token, node.outputs[0], axis)],
      outputs: node.outputs,
      scope,
    },
  ];
};

/** The token at the start of `axis` and zeros elsewhere, for one image. */
function tokenRow(value: Constant, token: InferenceValue, whole: InferenceValue, axis: number): Constant {
  const shape = [1, ...whole.shape.slice(1)];
  const data = new Float32Array(size(shape));
  const inner = size(shape.slice(axis + 1));
  const [from, to] = [token.shape[axis] * inner, shape[axis] * inner];
  for (let outer = 0; outer < size(shape.slice(0, axis)); outer++) {
    data.set((value.data as Float32Array).subarray(outer * from, (outer + 1) * from), outer * to);
  }
  return { name: value.name, shape, dtype: 'f32', data };
}

const rules: readonly Rule[] = [mergeReshapes, mergeTransposes, addTokens];

/** Fewer nodes that compute the same: applies the rules until none fits, then drops what changes nothing. */
export function simplify(graph: InferenceGraph): InferenceGraph {
  let current = graph;
  for (let changed = true; changed; ) {
    changed = false;
    const uses = countUses(current);
    const producers = new Map<InferenceValue, InferenceNode>();
    const nodes: InferenceNode[] = [];
    for (const node of current.nodes) {
      const producer: Producer = (value) => (uses.get(value) === 1 ? producers.get(value) : undefined);
      const replaced = rules.map((rule) => rule(node, producer)).find((result) => result !== undefined);
      if (replaced) changed = true;
      for (const next of replaced ?? [node]) {
        nodes.push(next);
        for (const output of next.outputs) producers.set(output, next);
      }
    }
    current = dropUnused({ ...current, nodes });
  }
  return shareConstants(removeIdentities(current));
}

/** The input of a reshape or transpose that changes nothing takes the place of its result. */
function removeIdentities(graph: InferenceGraph): InferenceGraph {
  const outputs = new Set(graph.outputs);
  const replacements = new Map<InferenceValue, InferenceValue>();
  for (const node of graph.nodes) {
    const [x] = node.inputs;
    const same =
      (node.op === 'reshape' && sameShape(x.shape, node.outputs[0].shape)) ||
      (node.op === 'transpose' && node.attrs.order.every((axis, i) => axis === i));
    if (same && !outputs.has(node.outputs[0])) replacements.set(node.outputs[0], x);
  }
  return dropUnused(replaceValues(graph, replacements));
}

/** Small constants that hold the same are one. Large ones are parameters, which are one already. */
const MAX_COMPARED = 4096;

function shareConstants(graph: InferenceGraph): InferenceGraph {
  const known = new Map<string, InferenceValue>();
  const replacements = new Map<InferenceValue, InferenceValue>();
  for (const value of constantsOf(graph)) {
    if (value.data.length > MAX_COMPARED) continue;
    // -0 and 0 print alike but differ.
    const contents = Array.from(value.data, (x) => (Object.is(x, -0) ? '-0' : x)).join();
    const key = `${value.dtype}[${value.shape}] ${contents}`;
    const first = known.get(key);
    if (first) replacements.set(value, first);
    else known.set(key, value);
  }
  return replaceValues(graph, replacements);
}
