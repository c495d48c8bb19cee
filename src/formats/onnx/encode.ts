import { ProtoWriter } from '../protobuf/writer.js';
import {
  elementTypes,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './model.js';

/** Field numbers are those of onnx.proto; repeated integers are unpacked, as proto2 writes them. */
const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8, other: 0 } as const;

/** The file as parts that are to be written one after the other. The same model gives the same bytes. */
export function encodeModel(model: OnnxModel): readonly Uint8Array[] {
  const writer = new ProtoWriter();
  writer.varint(1, model.irVersion);
  writer.string(2, model.producer).string(3, model.producerVersion);
  writer.message(7, (graph) => encodeGraph(graph, model.graph));
  for (const [domain, version] of model.opsets)
    writer.message(8, (opset) => opset.string(1, domain).varint(2, version));
  for (const [key, value] of model.metadata) writer.message(14, (entry) => entry.string(1, key).string(2, value));
  return writer.chunks();
}

function encodeGraph(writer: ProtoWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, (inner) => encodeNode(inner, node));
  writer.string(2, graph.name);
  for (const tensor of graph.initializers) writer.message(5, (inner) => encodeTensor(inner, tensor));
  for (const value of graph.inputs) writer.message(11, (inner) => encodeValue(inner, value));
  for (const value of graph.outputs) writer.message(12, (inner) => encodeValue(inner, value));
  for (const value of graph.values) writer.message(13, (inner) => encodeValue(inner, value));
}

function encodeNode(writer: ProtoWriter, { inputs, outputs, name, opType, attributes, domain }: OnnxNode): void {
  for (const input of inputs) writer.string(1, input);
  for (const output of outputs) writer.string(2, output);
  writer.string(3, name).string(4, opType);
  for (const [key, attribute] of Object.entries(attributes)) {
    writer.message(5, (inner) => encodeAttribute(inner, key, attribute));
  }
  if (domain !== '') writer.string(7, domain);
}

function encodeAttribute(writer: ProtoWriter, name: string, attribute: OnnxAttribute): void {
  writer.string(1, name);
  switch (attribute.type) {
    case 'float':
      writer.float(2, attribute.value);
      break;
    case 'int':
      writer.varint(3, attribute.value);
      break;
    case 'string':
      writer.string(4, attribute.value);
      break;
    case 'tensor':
      writer.message(5, (inner) => encodeTensor(inner, attribute.value));
      break;
    case 'floats':
      for (const value of attribute.value) writer.float(7, value);
      break;
    case 'ints':
      for (const value of attribute.value) writer.varint(8, value);
      break;
    case 'strings':
      for (const value of attribute.value) writer.string(9, value);
      break;
    case 'other':
      throw new Error(`attribute ${name} was not read, so it cannot be written`);
  }
  writer.varint(20, attributeTypes[attribute.type]);
}

/** TensorProto. */
export function encodeTensor(writer: ProtoWriter, { dims, type, name, bytes, external }: OnnxTensor): void {
  for (const dim of dims) writer.varint(1, dim);
  writer.varint(2, elementTypes[type]);
  writer.string(8, name);
  if (!external) {
    writer.bytes(9, bytes);
    return;
  }
  for (const [key, value] of Object.entries(external)) {
    writer.message(13, (entry) => entry.string(1, key).string(2, `${value}`));
  }
  writer.varint(14, 1);
}

function encodeValue(writer: ProtoWriter, { name, type, dims }: OnnxValue): void {
  writer.string(1, name);
  if (!type) return;
  writer.message(2, (outer) =>
    outer.message(1, (tensor) => {
      tensor.varint(1, elementTypes[type]);
      if (!dims) return;
      tensor.message(2, (shape) => {
        for (const dim of dims) {
          shape.message(1, (inner) => {
            if (typeof dim === 'number') inner.varint(1, dim);
            else if (dim !== undefined) inner.string(2, dim);
          });
        }
      });
    }),
  );
}
