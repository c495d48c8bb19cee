import { FormatError } from '../../utils/errors.js';
import { MAX_HALF, toHalf } from '../half.js';
import { Names } from '../inference/names.js';
import { int } from './builder.js';
import { elementTypes, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValue } from './model.js';

/** Inputs that stay float whatever the data are: the scales of a Resize. */
const floatInputs: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2] };

/**
 * The same network in half precision: weights and everything on the way. Inputs and outputs stay float, with a Cast at
 * each. Throws FormatError, with the tensor's name, for a weight that would become infinite.
 */
export function halve(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const names = new Names();
  const known = [...graph.inputs, ...graph.outputs, ...graph.values, ...graph.initializers];
  for (const { name } of known) names.take(name);
  const keptFloat = new Set(
    graph.nodes.flatMap(({ opType, inputs }) => (floatInputs[opType] ?? []).map((i) => inputs[i] ?? '')),
  );
  const isFloat = ({ type }: OnnxValue) => type === 'float';
  const inputs = new Map(graph.inputs.filter(isFloat).map(({ name }) => [name, names.take(`${name}_half`)]));
  const outputs = new Map(graph.outputs.filter(isFloat).map(({ name }) => [name, names.take(`${name}_half`)]));

  const read = (name: string) => inputs.get(name) ?? outputs.get(name) ?? name;
  const write = (name: string) => outputs.get(name) ?? name;
  const cast = (from: string, to: string, type: 'float' | 'float16'): OnnxNode => ({
    name: to,
    domain: '',
    opType: 'Cast',
    inputs: [from],
    outputs: [to],
    attributes: { to: int(elementTypes[type]) },
  });
  const toHalfType = (value: OnnxValue): OnnxValue => (isFloat(value) ? { ...value, type: 'float16' } : value);
  const renamed = (values: readonly OnnxValue[], name: ReadonlyMap<string, string>) =>
    values.filter(isFloat).map((value) => ({ ...toHalfType(value), name: name.get(value.name)! }));

  return {
    ...model,
    graph: {
      ...graph,
      nodes: [
        ...[...inputs].map(([name, half]) => cast(name, half, 'float16')),
        ...graph.nodes.map((node) => halfNode(node, read, write)),
        ...[...outputs].map(([name, half]) => cast(half, name, 'float')),
      ],
      initializers: graph.initializers.map((tensor) => (keptFloat.has(tensor.name) ? tensor : halfTensor(tensor))),
      values: [...renamed(graph.inputs, inputs), ...graph.values.map(toHalfType), ...renamed(graph.outputs, outputs)],
    },
  };
}

type Rename = (name: string) => string;

/** The node on halves; a conversion to float becomes one to half. */
function halfNode(node: OnnxNode, read: Rename, write: Rename): OnnxNode {
  const attributes = node.opType === 'Cast' ? { to: int(elementTypes.float16) } : node.attributes;
  const outputs = node.outputs.map(write);
  return { ...node, name: outputs[0], inputs: node.inputs.map(read), outputs, attributes };
}

function halfTensor(tensor: OnnxTensor): OnnxTensor {
  if (tensor.type !== 'float') return tensor;
  const { buffer, byteOffset, byteLength } = tensor.bytes.slice();
  const values = new Float32Array(buffer, byteOffset, byteLength / 4);
  const large = values.find((value) => Math.abs(value) > MAX_HALF && Number.isFinite(value));
  if (large !== undefined) {
    throw new FormatError(
      `${tensor.name} holds ${large}, half precision ends at ${MAX_HALF}`,
      'export without --fp16, or train with weight decay so that the weights stay small',
    );
  }
  return { ...tensor, type: 'float16', bytes: new Uint8Array(toHalf(values).buffer) };
}
