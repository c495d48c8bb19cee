import type { InferenceGraph, InferenceValue } from '../../src/formats/inference/graph.js';
import { opOf } from '../../src/graph/lower.js';
import { initialize } from '../../src/nn/initialize.js';
import { type Module, namedParameters } from '../../src/nn/module.js';
import { apply } from '../../src/ops/op.js';
import type { Engine } from '../../src/scheduler/engine.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import { State } from '../../src/tensor/state.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { MersenneTwister } from '../../src/utils/mersenne-twister.js';

/** Runs an inference graph of a fixed batch on the engine, operator by operator, row-major in and out. */
export async function replay(
  engine: Engine,
  graph: InferenceGraph,
  inputs: readonly TypedArray[],
): Promise<TypedArray[]> {
  const tensors = new Map<InferenceValue, Tensor>();
  const feeds = new Map<Tensor, TypedArray>();
  const feed = (value: InferenceValue, data: TypedArray): Tensor => {
    const tensor = input(value.name, value.shape, value.dtype);
    tensors.set(value, tensor);
    feeds.set(tensor, data);
    return tensor;
  };
  graph.inputs.forEach((value, i) => {
    feed(value, inputs[i]);
  });
  const tensorOf = (value: InferenceValue): Tensor => tensors.get(value) ?? feed(value, value.data!);
  for (const { op, attrs, inputs, outputs } of graph.nodes) {
    const results = apply(opOf(op), inputs.map(tensorOf), attrs);
    outputs.forEach((output, i) => {
      tensors.set(output, results[i]);
    });
  }
  return evaluate(engine, graph.outputs.map(tensorOf), feeds);
}

/**
 * Initialises a network with values that make a difference in every state: at first a norm's statistics are 0 and 1
 * and a head may be 0, and then much could be wrong unseen. Activations keep their scale.
 */
export function initializeRandomly(model: Module, seed = 1, gain = Math.SQRT2): void {
  initialize(model, { seed });
  const random = new MersenneTwister(seed);
  for (const [name, parameter] of namedParameters(model)) {
    const initial = parameter.state.init() as Float32Array;
    const isVector = parameter.shape.length === 1;
    const isScale = isVector && /(running_var|weight)$/.test(name);
    const values = initial.map((value) => {
      if (isScale) return random.uniform(0.6, 1.6);
      // Kaiming's gain √2: with PyTorch's default, 1/√3, the image is lost among the biases after some layers.
      if (parameter.shape.length === 4) return value * gain * Math.sqrt(3);
      return isVector || value === 0 ? value + random.uniform(-0.2, 0.2) : value;
    });
    parameter.bind(new State(name, parameter.shape, parameter.role, () => values));
  }
}

/** Bytes, or numbers within ±2, like a normalised image. */
export function randomImage(length: number, dtype: 'u8' | 'f32', seed = 2): TypedArray {
  const random = new MersenneTwister(seed);
  if (dtype === 'u8') return Uint8Array.from({ length }, () => random.below(256));
  return Float32Array.from({ length }, () => random.uniform(-2, 2));
}
