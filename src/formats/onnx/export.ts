import { FormatError } from '../../utils/errors.js';
import type { InferenceModel } from '../inference/model.js';
import { OnnxBuilder } from './builder.js';
import { halve } from './halve.js';
import { lowerNode } from './lower/index.js';
import type { OnnxModel } from './model.js';

/** Read by everything since 2022; newer numbers would only keep readers out. */
const IR_VERSION = 8;
const OPSET = 18;
const OPSETS = [17, 21] as const;

export interface OnnxOptions {
  /** Version of the operators, 17 to 21 [18]. */
  readonly opset?: number;
  /** Weights and arithmetic in half precision; what goes in and out stays float. */
  readonly fp16?: boolean;
  /** Version of this program, for the file's header. */
  readonly version?: string;
}

/** The network as an ONNX model. Throws FormatError for an opset that cannot say it. */
export function exportOnnx(model: InferenceModel, options: OnnxOptions = {}): OnnxModel {
  const { opset = OPSET, fp16 = false, version = '' } = options;
  if (!Number.isInteger(opset) || opset < OPSETS[0] || opset > OPSETS[1]) {
    throw new FormatError(`opset ${opset} cannot be written`, `use ${OPSETS[0]} to ${OPSETS[1]}`);
  }
  const { graph, name } = model;
  const builder = new OnnxBuilder(graph, opset);
  for (const node of graph.nodes) lowerNode(node, builder);
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const result: OnnxModel = {
    irVersion: IR_VERSION,
    opsets: new Map([['', opset]]),
    producer: 'cvnets',
    producerVersion: version,
    graph: {
      name,
      nodes: builder.nodes,
      initializers: builder.initializers,
      inputs: graph.inputs.map((value) => builder.describe(value)),
      outputs: graph.outputs.map((value) => builder.describe(value)),
      values: builder.values.filter((value) => !outputs.has(value.name)),
    },
    metadata: metadataOf(model),
  };
  return fp16 ? halve(result) : result;
}

/**
 * How to feed the network and read it: the standard's own keys for images, and ours as JSON. `mean` and `std` are of
 * pixels 0 to 1, as they are usually given.
 */
function metadataOf({ pixels, classes, facts }: InferenceModel): Map<string, string> {
  const channels = pixels.scale.length;
  const entries: [string, string][] = [
    ['Image.BitmapPixelFormat', channels === 1 ? 'Gray8' : 'Rgb8'],
    ['Image.ColorSpaceGamma', 'SRGB'],
  ];
  if (pixels.embedded) entries.push(['Image.NominalPixelRange', 'NominalRange_0_255']);
  const normalization = {
    embedded: pixels.embedded,
    layout: 'NCHW',
    channels: channels === 1 ? 'gray' : 'RGB',
    scale: pixels.scale,
    shift: pixels.shift,
    mean: pixels.scale.map((scale, c) => rounded(-pixels.shift[c] / (255 * scale))),
    std: pixels.scale.map((scale) => rounded(1 / (255 * scale))),
  };
  entries.push(['preprocessing', JSON.stringify(normalization)]);
  if (classes.length > 0) entries.push(['classes', JSON.stringify(classes)]);
  return new Map([...entries, ...Object.entries(facts)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without the noise of two roundings; -0 is 0. */
function rounded(value: number): number {
  return Number(value.toPrecision(12)) || 0;
}
