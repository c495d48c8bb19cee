import { bindBatch } from '../../graph/passes/bind-batch.js';
import type { Engine } from '../../scheduler/engine.js';
import { evaluate } from '../../scheduler/evaluate.js';
import type { TypedArray } from '../../tensor/dtype.js';
import { BATCH, size } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { PhiloxSequence } from '../../utils/random.js';
import { type Accuracy, bars, isDegenerate, measureAccuracy, meets, type Precision } from './accuracy.js';
import type { InferenceValue } from './graph.js';
import type { InferenceModel } from './model.js';

/** Something that runs the written file: an independent runtime, or our own reader. */
export interface Executor {
  /** Such as `onnxruntime-web 1.30.0 (wasm)`. */
  readonly name: string;
  /** Its values on the way have other names: the first one that differs cannot be told. */
  readonly outputsOnly?: boolean;
  /**
   * Results by name, row-major, for one batch of inputs by name.
   * @param values which results: outputs, or any value on the way; what the file does not have is left out
   */
  run(
    inputs: ReadonlyMap<string, RunInput>,
    values: readonly string[],
  ): Promise<ReadonlyMap<string, ArrayLike<number>>>;
}

export interface RunInput {
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

export interface BatchReport extends Accuracy {
  readonly batch: number;
}

export interface Verification {
  readonly executor: string;
  readonly precision: Precision;
  readonly batches: readonly BatchReport[];
  readonly passed: boolean;
  /** Why it failed, with the first value that differs. */
  readonly reason?: string;
}

const BATCHES = [1, 3] as const;

/**
 * Runs the file beside the traced network on the engine, with the same images, at batch 1 and 3 (or the fixed one).
 * When a bar is missed, looks for the first value on the way that differs, and names it.
 */
export async function verify(
  engine: Engine,
  model: InferenceModel,
  executor: Executor,
  precision: Precision,
): Promise<Verification> {
  const [image] = model.graph.inputs;
  const batches = image.shape[0] === BATCH ? BATCHES : [image.shape[0]];
  const done: BatchReport[] = [];
  const result = (reason?: string): Verification => ({
    executor: executor.name,
    precision,
    batches: done,
    passed: reason === undefined,
    reason,
  });
  const degenerate = await degenerateOutput(engine, model);
  if (degenerate) return result(degenerate);
  for (const batch of batches) {
    const accuracies = await compare(engine, model, executor, batch, model.graph.outputs);
    const worst = combine(accuracies);
    done.push({ batch, ...worst });
    if (meets(worst, precision)) continue;
    const missed = `batch ${batch}: relative error ${worst.relative.toExponential(1)}, ${worst.snr.toFixed(1)} dB`;
    return result(`${missed}; ${await firstDifference(engine, model, executor, batch, precision)}`);
  }
  return result();
}

/** The engine's values for a batch of test images; the first entry is what the file is fed. */
async function reference(
  engine: Engine,
  model: InferenceModel,
  batch: number,
  values: readonly InferenceValue[],
  seed = 0,
): Promise<{ input: RunInput; values: TypedArray[] }> {
  const [image] = model.graph.inputs;
  const tensors = [model.image, image.tensor!, ...values.map((value) => value.tensor!)];
  const bound = bindBatch(tensors, batch);
  const [pixels, ...wanted] = tensors.map((tensor) => bound.get(tensor)!) as [Tensor, ...Tensor[]];
  const bytes = testImages(pixels.shape, seed);
  const given = wanted[0] === pixels ? [bytes] : [];
  const computed = await evaluate(engine, given.length > 0 ? wanted.slice(1) : wanted, new Map([[pixels, bytes]]));
  const [data, ...results] = [...given, ...computed];
  return { input: { shape: wanted[0].shape, data }, values: results };
}

async function compare(
  engine: Engine,
  model: InferenceModel,
  executor: Executor,
  batch: number,
  values: readonly InferenceValue[],
): Promise<Accuracy[]> {
  const truth = await reference(engine, model, batch, values);
  const [image] = model.graph.inputs;
  const names = values.map(({ name }) => name);
  const got = await executor.run(new Map([[image.name, truth.input]]), names);
  return values.map(({ name, shape }, i) => {
    const found = got.get(name);
    return found ? measureAccuracy(truth.values[i], found, size(shape.slice(1))) : absent;
  });
}

/** Of a value that the file does not have. */
const absent: Accuracy = { relative: Number.POSITIVE_INFINITY, snr: 0, sameTop1: false };

function combine(accuracies: readonly Accuracy[]): Accuracy {
  return {
    relative: Math.max(...accuracies.map(({ relative }) => relative)),
    snr: Math.min(...accuracies.map(({ snr }) => snr)),
    sameTop1: accuracies.every(({ sameTop1 }) => sameTop1),
  };
}

/** Values that are compared at once when the first difference is looked for: bounds the memory. */
const GROUP = 16;

async function firstDifference(
  engine: Engine,
  model: InferenceModel,
  executor: Executor,
  batch: number,
  precision: Precision,
): Promise<string> {
  if (executor.outputsOnly) return 'it does not tell its values on the way';
  const nodes = model.graph.nodes.filter(({ outputs: [value] }) => value.tensor);
  for (let start = 0; start < nodes.length; start += GROUP) {
    const group = nodes.slice(start, start + GROUP);
    const accuracies = await compare(
      engine,
      model,
      executor,
      batch,
      group.map((node) => node.outputs[0]),
    );
    const wrong = accuracies.findIndex(
      ({ relative, snr }) => !(relative <= bars[precision].relative && snr >= bars[precision].snr),
    );
    if (wrong < 0) continue;
    const {
      op,
      outputs: [value],
      scope,
    } = group[wrong];
    const { relative, snr } = accuracies[wrong];
    return `the first value that differs is ${value.name} (${op} of ${scope || 'the network'}): relative error ${relative.toExponential(1)}, ${snr.toFixed(1)} dB`;
  }
  return 'every value by itself is within the bar, only the likeliest class differs';
}

/** Says what is wrong with the network's own results when they could not tell a good file from a bad one. */
async function degenerateOutput(engine: Engine, model: InferenceModel): Promise<string | undefined> {
  const { outputs, inputs } = model.graph;
  const [batch] = inputs[0].shape;
  const images = batch === BATCH ? 1 : batch;
  const [first, second] = [
    await reference(engine, model, images, outputs),
    await reference(engine, model, images, outputs, 1),
  ];
  const flat = outputs.find((_, i) => {
    const rows = [...first.values[i], ...second.values[i]];
    return isDegenerate(rows, first.values[i].length / images);
  });
  return flat && `output ${flat.name} is the same for every image or every class, so nothing can be checked by it`;
}

/** Bytes [N,C,H,W] that look a little like photos: a colour, a slope across the image, and noise; each image its own. */
export function testImages(shape: readonly number[], seed = 0): Uint8Array {
  const [, channels, height, width] = shape;
  const plane = height * width;
  const result = new Uint8Array(size(shape));
  const random = new PhiloxSequence(seed, 0);
  for (let start = 0; start < result.length; start += plane) {
    const [level, down, right] = [random.uniform(40, 215), random.uniform(-90, 90), random.uniform(-90, 90)];
    const noise = 10 + 40 * ((start / plane / channels) % 2);
    for (let i = 0; i < plane; i++) {
      const [y, x] = [Math.floor(i / width) / height - 0.5, (i % width) / width - 0.5];
      const value = level + down * y + right * x + random.uniform(-noise, noise);
      result[start + i] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return result;
}
