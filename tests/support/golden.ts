import { gradients } from '../../src/graph/autodiff.js';
import type { ProgramTrace } from '../../src/graph/lower.js';
import { fuseBatchNormActivation } from '../../src/graph/passes/fuse.js';
import { rewriteTrace } from '../../src/graph/rewrite.js';
import type { Encoder, Features } from '../../src/models/classification/model.js';
import { initialize, type ModelStates } from '../../src/nn/initialize.js';
import { crossEntropy, globalNorm, sgd } from '../../src/ops/index.js';
import { type Engine, trace } from '../../src/scheduler/engine.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import { defaultLayout, toPhysical } from '../../src/tensor/layout.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { readState, State, type StateTrace, writeState } from '../../src/tensor/state.js';
import { input, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { array, number, type RefArray } from '../reference/array.js';
import type { Feeds } from '../reference/evaluate.js';

/** Pseudo-random numbers that every language computes exactly, in [-0.5, 0.5). */
export function sequence(i: number): number {
  const j = i % 65537;
  return ((3 * j * j + 7 * j + 11) % 65537) / 65537 - 0.5;
}

/** Weights that need no names: matrices and filters from the sequence, norms the identity, biases zero. */
export function goldenValue({ name, shape }: State): RefArray {
  const count = size(shape);
  const scale = Math.sqrt(12 / (count / shape[0]));
  const isOne = name.endsWith('running_var') || name.endsWith('weight');
  return array(
    shape,
    Float64Array.from({ length: count }, (_, i) => (shape.length > 1 ? sequence(i) * scale : isOne ? 1 : 0)),
  );
}

export const goldenImage = (shape: Shape): RefArray =>
  array(
    shape,
    Float64Array.from({ length: size(shape) }, (_, i) => sequence(i) + 0.5),
  );

export const labels = [1, 10, 100, 999];

/** What `traceTraining` and `traceLoss` read, for the reference. */
export const goldenFeeds = (shape: Shape, lr: number): Feeds =>
  new Map([
    ['image', goldenImage(shape)],
    ['target', array([labels.length], labels)],
    ['lr', number(lr)],
  ]);

export interface GoldenModel extends ModelStates {
  readonly model: Encoder;
}

export const goldenModel = (model: Encoder): GoldenModel => ({ model, ...initialize(model) });

const context = (training: boolean) => ({ training, dropoutCounter: scalar('counter', 'u32'), seed: 0 });

/** Logits and feature maps of every stage, in evaluation mode. */
export function traceFeatures({ model }: GoldenModel, shape: Shape) {
  const recorded = trace(() => {
    const x = input('image', shape);
    const features = model.features(x, context(false));
    return { logits: model.forward(x, context(false)), ...features };
  });
  return recorded as StateTrace<Features & { logits: Tensor } & Record<string, Tensor>>;
}

/** Loss of the batch in evaluation mode, no smoothing. */
export function traceLoss({ model }: GoldenModel, shape: Shape) {
  return trace(() => {
    const logits = model.forward(input('image', shape), context(false));
    return { loss: crossEntropy(logits, input('target', [shape[0]], 'i32')) };
  }) as StateTrace<{ loss: Tensor }>;
}

/**
 * One step of SGD with Nesterov momentum 0.9, label smoothing 0.1 and weight decay 4e-5 on tensors of two and more
 * dimensions: its loss and the norm of all gradients. Fused as the trainer does.
 */
export function traceTraining({ model, parameters }: GoldenModel, shape: Shape) {
  const momenta = parameters.map(
    ({ name, shape }) => new State(`${name}.momentum`, shape, 'optimizer', () => new Float32Array(size(shape))),
  );
  const forward = rewriteTrace(
    trace(() => {
      const logits = model.forward(input('image', shape), context(true));
      return { loss: crossEntropy(logits, input('target', [shape[0]], 'i32'), { labelSmoothing: 0.1 }) };
    }),
    fuseBatchNormActivation,
  );
  const step = trace(() => {
    const { loss } = forward.result;
    const current = parameters.map(readState);
    const grads = gradients(loss, current);
    const updated = sgd(
      { parameters: current, gradients: grads, momenta: momenta.map(readState), lr: scalar('lr') },
      {
        momentum: 0.9,
        nesterov: true,
        weightDecay: parameters.map(({ shape }) => (shape.length > 1 ? 4e-5 : 0)),
        lrMultiplier: parameters.map(() => 1),
      },
    );
    parameters.forEach((state, i) => {
      writeState(state, updated.parameters[i]);
      writeState(momenta[i], updated.momenta[i]);
    });
    return { loss, norm: globalNorm(grads).norm };
  }, forward);
  return step as StateTrace<{ loss: Tensor; norm: Tensor }>;
}

/** Runs a trace `steps` times on a device, from the golden values; results have rank 4 channels-last. */
export async function runGolden(
  engine: Engine,
  { parameters, buffers }: ModelStates,
  traced: ProgramTrace,
  shape: Shape,
  steps: number,
  scalars: Readonly<Record<string, number>> = {},
): Promise<Record<string, TypedArray>[]> {
  const program = await engine.compile('golden', traced);
  for (const state of [...parameters, ...buffers]) {
    await engine.writeState(state, Float32Array.from(goldenValue(state).data));
  }
  const image = toPhysical(Float32Array.from(goldenImage(shape).data), shape, defaultLayout(4));
  const inputs = { image, target: Int32Array.from(labels) };
  const known = Object.entries(inputs).filter(([name]) => program.plan.inputs.has(name));
  const results: Record<string, TypedArray>[] = [];
  for (let step = 0; step < steps; step++) {
    results.push(await program.run({ inputs: Object.fromEntries(known), scalars }));
  }
  engine.release(program);
  return results;
}
