import { FormatError } from '../../utils/errors.js';
import { fieldsOf, type ProtoField } from '../protobuf/reader.js';
import { decodeTensor } from './decode-tensor.js';
import {
  type ElementType,
  elementTypes,
  type OnnxAttribute,
  type OnnxDim,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './model.js';

const attributeTypes: Readonly<Record<number, OnnxAttribute['type']>> = {
  1: 'float',
  2: 'int',
  3: 'string',
  4: 'tensor',
  6: 'floats',
  7: 'ints',
  8: 'strings',
};

/** Reads a model file. Tensor contents are views of it. Throws FormatError for what is damaged or no ONNX model. */
export function decodeModel(file: Uint8Array, path = 'ONNX model'): OnnxModel {
  let irVersion = 0;
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let producer = '';
  let producerVersion = '';
  let graph: OnnxGraph | undefined;
  for (const field of fieldsOf(file, 0, path)) {
    if (field.number === 1) irVersion = field.int();
    else if (field.number === 2) producer = field.string();
    else if (field.number === 3) producerVersion = field.string();
    else if (field.number === 7) graph = decodeGraph(field, path);
    else if (field.number === 8) {
      const { 1: domain = '', 2: version = 0 } = decodePair(field, (inner) => inner.int());
      opsets.set(domain === 'ai.onnx' ? '' : domain, version);
    } else if (field.number === 14) {
      const { 1: key = '', 2: value = '' } = decodePair(field, (inner) => inner.string());
      metadata.set(key, value);
    }
  }
  if (!graph || irVersion < 1) throw new FormatError(`${path} is no ONNX model`, 'it has no graph or no version');
  return { irVersion, opsets, producer, producerVersion, graph, metadata };
}

/** Field 1 is a text; field 2 is read by `second`. */
function decodePair<T>(field: ProtoField, second: (inner: ProtoField) => T): { 1?: string; 2?: T } {
  const result: { 1?: string; 2?: T } = {};
  for (const inner of field.message()) {
    if (inner.number === 1) result[1] = inner.string();
    else if (inner.number === 2) result[2] = second(inner);
  }
  return result;
}

function decodeGraph(field: ProtoField, path: string): OnnxGraph {
  let name = '';
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const values: OnnxValue[] = [];
  for (const inner of field.message()) {
    if (inner.number === 1) nodes.push(decodeNode(inner, path));
    else if (inner.number === 2) name = inner.string();
    else if (inner.number === 5) initializers.push(decodeTensor(inner.message(), path));
    else if (inner.number === 11) inputs.push(decodeValue(inner));
    else if (inner.number === 12) outputs.push(decodeValue(inner));
    else if (inner.number === 13) values.push(decodeValue(inner));
    else if (inner.number === 15) throw new FormatError(`${path} has sparse initializers`, 'export it with dense ones');
  }
  return { name, nodes, initializers, inputs, outputs, values };
}

function decodeNode(field: ProtoField, path: string): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, OnnxAttribute> = Object.create(null);
  let [name, opType, domain] = ['', '', ''];
  for (const inner of field.message()) {
    if (inner.number === 1) inputs.push(inner.string());
    else if (inner.number === 2) outputs.push(inner.string());
    else if (inner.number === 3) name = inner.string();
    else if (inner.number === 4) opType = inner.string();
    else if (inner.number === 7) domain = inner.string();
    else if (inner.number === 5) {
      const [key, attribute] = decodeAttribute(inner, path);
      if (key in attributes) throw new FormatError(`${path}: node ${name} has attribute ${key} twice`);
      attributes[key] = attribute;
    }
  }
  return { name, domain: domain === 'ai.onnx' ? '' : domain, opType, inputs, outputs, attributes };
}

function decodeAttribute(field: ProtoField, path: string): [string, OnnxAttribute] {
  let name = '';
  let number: number | undefined;
  let text = '';
  let tensor: OnnxTensor | undefined;
  let type: OnnxAttribute['type'] | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  for (const inner of field.message()) {
    if (inner.number === 1) name = inner.string();
    else if (inner.number === 2) number = inner.float();
    else if (inner.number === 3) number = inner.int();
    else if (inner.number === 4) text = inner.string();
    else if (inner.number === 5) tensor = decodeTensor(inner.message(), path);
    else if (inner.number === 7) floats.push(...inner.floats());
    else if (inner.number === 8) ints.push(...inner.ints());
    else if (inner.number === 9) strings.push(inner.string());
    else if (inner.number === 20) type = attributeTypes[inner.int()] ?? 'other';
  }
  switch (type) {
    case 'float':
    case 'int':
      return [name, { type, value: number ?? 0 }];
    case 'string':
      return [name, { type, value: text }];
    case 'tensor':
      if (!tensor) throw new FormatError(`${path}: attribute ${name} has no tensor`);
      return [name, { type, value: tensor }];
    case 'floats':
      return [name, { type, value: floats }];
    case 'ints':
      return [name, { type, value: ints }];
    case 'strings':
      return [name, { type, value: strings }];
    default:
      return [name, { type: 'other' }];
  }
}

function decodeValue(field: ProtoField): OnnxValue {
  let name = '';
  let type: ElementType | undefined;
  let dims: OnnxDim[] | undefined;
  for (const inner of field.message()) {
    if (inner.number === 1) name = inner.string();
    else if (inner.number === 2) {
      for (const kind of inner.message()) {
        if (kind.number !== 1) continue;
        for (const part of kind.message()) {
          if (part.number === 1) type = elementTypeOf(part.int());
          else if (part.number === 2) dims = decodeShape(part);
        }
      }
    }
  }
  return { name, type, dims };
}

function decodeShape(field: ProtoField): OnnxDim[] {
  const dims: OnnxDim[] = [];
  for (const dim of field.message()) {
    if (dim.number !== 1) continue;
    let value: OnnxDim;
    for (const inner of dim.message()) {
      if (inner.number === 1) value = inner.int();
      else if (inner.number === 2) value = inner.string();
    }
    dims.push(value);
  }
  return dims;
}

export function elementTypeOf(number: number): ElementType | undefined {
  return (Object.keys(elementTypes) as ElementType[]).find((key) => elementTypes[key] === number);
}
