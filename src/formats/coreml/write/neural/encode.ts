import { toHalf } from '../../../half.js';
import { ProtoWriter } from '../../../protobuf/writer.js';
import type { LayerFields, LayerValue, NeuralLayer, NeuralModel } from '../../model.js';
import { writeDescription } from '../encode-description.js';
import { expectHalfRange } from '../half-range.js';
import { type FieldType, type LayerKind, layerSchemas, type Schema } from './layers.js';

const NETWORK = 500;
const CLASSIFIER = 403;
const EXACT_ARRAYS = 1;
const RANK4_IMAGES = 1;

/**
 * A model with a neural network as the message Model, in parts.
 * @param halves whether weights are in half precision
 */
export function encodeNeuralModel(model: NeuralModel, halves: boolean): readonly Uint8Array[] {
  const { specification, description, layers, classes, exactShapes } = model;
  const out = new ProtoWriter();
  out.varint(1, specification);
  out.message(2, (inner) => writeDescription(inner, description));
  out.message(classes ? CLASSIFIER : NETWORK, (network) => {
    for (const layer of layers) network.message(1, (inner) => writeLayer(inner, layer, halves));
    if (exactShapes) network.varint(5, EXACT_ARRAYS).varint(6, RANK4_IMAGES);
    if (!classes) return;
    network.message(100, (labels) => {
      for (const label of classes.labels) labels.string(1, label);
    });
    network.string(200, classes.probabilities);
  });
  return out.chunks();
}

function writeLayer(out: ProtoWriter, { name, kind, inputs, outputs, fields }: NeuralLayer, halves: boolean): void {
  const [number, schema] = layerSchemas[kind as LayerKind];
  out.string(1, name);
  for (const input of inputs) out.string(2, input);
  for (const output of outputs) out.string(3, output);
  for (const value of Object.values(fields)) if (halves && value instanceof Float32Array) expectHalfRange(value, name);
  out.message(number, (inner) => writeFields(inner, fields, schema, halves));
}

function writeFields(out: ProtoWriter, fields: LayerFields, schema: Schema, halves: boolean): void {
  for (const [name, value] of Object.entries(fields)) {
    const [number, type] = schema[name];
    writeField(out, number, type, value, halves);
  }
}

function writeField(out: ProtoWriter, number: number, type: FieldType, value: LayerValue, halves: boolean): void {
  if (type === 'int') out.varint(number, Number(value));
  else if (type === 'float') out.float(number, value as number);
  else if (type === 'ints') out.packedVarints(number, value as readonly number[]);
  else if (type === 'weights') {
    const floats = value as Float32Array;
    const bytes = new Uint8Array((halves ? toHalf(floats) : floats.slice()).buffer);
    out.message(number, (weights) => weights.bytes(halves ? 2 : 1, bytes));
  } else {
    for (const one of Array.isArray(value) ? value : [value]) {
      out.message(number, (inner) => writeFields(inner, one as LayerFields, type, halves));
    }
  }
}
