import type { Engine } from '../../scheduler/engine.js';
import { BATCH } from '../../tensor/shape.js';
import { traceStates } from '../../tensor/state.js';
import { input, scalar, type Tensor } from '../../tensor/tensor.js';
import type { Task } from '../../train/task.js';
import { FormatError } from '../../utils/errors.js';
import { buildGraph } from './build.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import type { InferenceGraph, InferenceNode, InferenceValue } from './graph.js';
import { nameValues } from './names.js';
import { simplify } from './simplify.js';

/** What a caller of the exported network does with pixels 0 to 255 of each channel: pixel · scale + shift. */
export interface Pixels {
  readonly scale: readonly number[];
  readonly shift: readonly number[];
  /** True when the network does it itself and takes bytes. */
  readonly embedded: boolean;
}

/** A network ready for any target. */
export interface InferenceModel {
  /** Such as `mobilenetv2`. */
  readonly name: string;
  readonly graph: InferenceGraph;
  /** Bytes of the images in the trace that the graph was made of; `graph.inputs` may come after their scaling. */
  readonly image: Tensor;
  readonly pixels: Pixels;
  /** Names of the classes by index; empty when they are not known. */
  readonly classes: readonly string[];
  /** Facts for the file's metadata, such as the resize and crop that the network was evaluated with. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface InferenceOptions {
  readonly name: string;
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  /** Images in a batch; left out: any number. */
  readonly batch?: number;
  /** Takes bytes and scales them itself. Else it takes what the layers see. */
  readonly embedPreprocessing?: boolean;
  readonly classes?: readonly string[];
  readonly facts?: Readonly<Record<string, string>>;
}

interface TracedLogits {
  readonly image: Tensor;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** The evaluation of a task: bytes [N,C,H,W] named `image` to `logits`. */
export function traceLogits(task: Pick<Task, 'logits'>, { image, batch }: InferenceOptions): TracedLogits {
  const { channels, height, width } = image;
  return traceStates(() => {
    const pixels = input('image', [batch ?? BATCH, channels, height, width], 'u8');
    const logits = task.logits(pixels, { training: false, counter: scalar('counter', 'u32') });
    return { image: pixels, outputs: { logits } };
  }).result;
}

/** Traces a task whose states are on the engine, and makes it small: norms folded, constants computed, names legal. */
export async function inferenceModel(
  engine: Engine,
  task: Pick<Task, 'logits'>,
  options: InferenceOptions,
): Promise<InferenceModel> {
  const { name, embedPreprocessing = false, classes = [], facts = {} } = options;
  const trace = traceLogits(task, options);
  const traced = await buildGraph(engine, trace.outputs);
  const { graph, pixels } = embedPreprocessing ? { graph: traced, pixels: pixelsOf(traced) } : takeFloats(traced);
  const small = nameValues(simplify(foldBatchNorm(graph)));
  return {
    name,
    graph: small,
    image: trace.image,
    pixels: { ...pixels, embedded: embedPreprocessing },
    classes,
    facts,
  };
}

function scaling(graph: InferenceGraph): InferenceNode<'toFloat'> {
  const [image] = graph.inputs;
  const readers = graph.nodes.filter((node) => node.inputs.includes(image));
  const [first] = readers;
  if (readers.length === 1 && first.op === 'toFloat') return first;
  throw new FormatError('the network does more with its pixels than to scale them', 'let it begin with one toFloat');
}

function pixelsOf(graph: InferenceGraph): { scale: readonly number[]; shift: readonly number[] } {
  const { scale, shift } = scaling(graph).attrs;
  const [{ shape }] = graph.inputs;
  const each = (values: readonly number[]) => Array.from({ length: shape[1] }, (_, c) => values[c] ?? values[0]);
  return { scale: each(scale), shift: each(shift) };
}

/** The graph from the scaled image on, which becomes the input. */
function takeFloats(graph: InferenceGraph) {
  const node = scaling(graph);
  const [scaled] = node.outputs;
  const image: InferenceValue = { ...scaled, name: 'image' };
  const move = (value: InferenceValue) => (value === scaled ? image : value);
  const nodes = graph.nodes
    .filter((other) => other !== node)
    .map((other) => ({ ...other, inputs: other.inputs.map(move) }) as InferenceNode);
  return { graph: { inputs: [image], nodes, outputs: graph.outputs }, pixels: pixelsOf(graph) };
}
