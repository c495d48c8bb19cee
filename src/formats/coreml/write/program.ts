import { BATCH } from '../../../tensor/shape.js';
import { FormatError } from '../../../utils/errors.js';
import type { InferenceModel } from '../../inference/model.js';
import { CLASS_LABEL, CLASS_PROBABILITIES, probabilitiesOf } from '../classifier.js';
import type { MilNamedType, MilOperation, MilTensorType, ProgramModel } from '../model.js';
import { BlobWriter } from './blobs.js';
import { int, MilBuilder, string, text } from './builder.js';
import { describeModel } from './describe.js';
import { lowerNode } from './lower/index.js';

/** iOS 15 and macOS 12: the first that know ML Programs. Newer numbers would only keep devices out. */
const SPECIFICATION = 6;
const OPSET = 'CoreML5';

export interface CoreMLOptions {
  /** Weights and arithmetic in half precision; what goes in and out stays float. */
  readonly fp16?: boolean;
  /** Version of this program, for the file's metadata. */
  readonly version?: string;
}

export interface ExportedProgram {
  readonly model: ProgramModel;
  /** The file of weights, in parts. */
  readonly weights: readonly Uint8Array[];
  /** Weights that became zero in half precision: how many, by tensor. */
  readonly vanished: ReadonlyMap<string, number>;
}

/** The network as an ML Program. Throws FormatError for what the format cannot say. */
export function exportProgram(
  model: InferenceModel,
  { fp16 = false, version = '' }: CoreMLOptions = {},
): ExportedProgram {
  const { graph, classes } = model;
  const [image] = graph.inputs;
  const { builder, blobs, probabilities } = buildOperations(model, fp16 ? 'fp16' : 'fp32');
  if (probabilities) builder.operations.push(classify(probabilities, classes));
  return {
    model: {
      specification: SPECIFICATION,
      description: describeModel(model, version),
      main: {
        inputs: [{ name: image.name, type: floats(image.shape) }],
        opset: OPSET,
        operations: builder.operations,
        outputs: probabilities ? [CLASS_LABEL, CLASS_PROBABILITIES] : graph.outputs.map(({ name }) => name),
      },
    },
    weights: blobs.finish(),
    vanished: builder.vanished,
  };
}

export interface Operations {
  readonly builder: MilBuilder;
  readonly blobs: BlobWriter;
  /** The value that holds the probabilities of the classes, when these are known. */
  readonly probabilities?: string;
}

/** The operations from the image to the results, and to the probabilities. */
export function buildOperations(model: InferenceModel, float: 'fp16' | 'fp32'): Operations {
  const { graph } = model;
  const [image] = graph.inputs;
  if (image.shape[0] === BATCH)
    throw new FormatError('CoreML files have a fixed batch', 'trace the network with batch 1');
  const blobs = new BlobWriter();
  const builder = new MilBuilder(graph, float, blobs);
  const cast = (x: string, to: MilNamedType, dtype: 'fp16' | 'fp32') =>
    builder.append('cast', { x, dtype: text(dtype) }, [to]);
  const halves = float === 'fp16';
  if (halves) cast(image.name, { name: builder.nameOf(image), type: builder.typeOf(image) }, float);
  for (const node of graph.nodes) lowerNode(node, builder);
  const outputs = graph.outputs.map(({ name, shape }) => ({ name, type: floats(shape) }));
  if (halves) for (const [i, value] of graph.outputs.entries()) cast(builder.nameOf(value), outputs[i], 'fp32');
  const probabilities = probabilitiesOf(model);
  if (!probabilities) return { builder, blobs };
  const name = builder.take(probabilities.name);
  builder.append('softmax', { x: outputs[0].name, axis: int(1) }, [{ name, type: floats(probabilities.shape) }]);
  return { builder, blobs, probabilities: name };
}

const floats = (shape: readonly number[]): MilTensorType => ({ kind: 'tensor', dtype: 'fp32', shape });

/** The likeliest class, and a dictionary of all. Its values are doubles: other types are refused by compilers. */
function classify(probabilities: string, classes: readonly string[]): MilOperation {
  const name: MilTensorType = { kind: 'tensor', dtype: 'string', shape: [] };
  const list = {
    type: { kind: 'list' as const, element: name, length: classes.length },
    items: classes.map((text) => ({ type: name, data: [text] })),
  };
  return {
    type: 'classify',
    inputs: { probabilities: [{ name: probabilities }], classes: [{ value: list }] },
    outputs: [
      { name: CLASS_LABEL, type: name },
      {
        name: CLASS_PROBABILITIES,
        type: { kind: 'dictionary', key: name, value: { kind: 'tensor', dtype: 'fp64', shape: [] } },
      },
    ],
    attributes: { name: string(CLASS_LABEL) },
  };
}
