import { expect } from 'vitest';
import type { Encoder } from '../../src/models/classification/model.js';
import { initialize, type ModelStates } from '../../src/nn/initialize.js';
import type { ForwardContext } from '../../src/nn/module.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { ReferenceSession } from '../reference/evaluate.js';
import { parityImage, parityValue } from '../reference/parity.js';

/** Golden values: CVNets' own PyTorch code in float64 with the weights and images of tests/reference/parity.ts. */
export interface LogitCase {
  readonly model: Encoder;
  /** Logits of classes 0 to 4. */
  readonly first: readonly number[];
  readonly mean: number;
  /** Best class and its logit. */
  readonly best: readonly [number, number];
  /** Means of out_l1 to out_l5. */
  readonly stages: readonly number[];
}

export const context = (training: boolean): ForwardContext => ({
  training,
  dropoutCounter: scalar('counter', 'u32'),
  seed: 0,
});

export function parityStates(model: Encoder): { session: ReferenceSession; states: ModelStates } {
  const states = initialize(model);
  const session = new ReferenceSession();
  for (const state of [...states.parameters, ...states.buffers]) session.states.set(state, parityValue(state));
  return { session, states };
}

const average = (values: Float64Array): number => values.reduce((a, b) => a + b) / values.length;

/** Agrees in as many digits as the golden value was printed with. */
export function expectPrinted(actual: number, golden: number, digits = 6): void {
  expect(Math.abs(actual - golden)).toBeLessThanOrEqual(Math.abs(golden) * 10 ** (1 - digits));
}

/** Evaluates one image of 224x224 and compares logits and feature maps. */
export function expectLogits({ model, first, mean, best, stages }: LogitCase): void {
  const { session } = parityStates(model);
  const image = input('image', [1, 3, 224, 224]);
  const trace = traceStates(() => {
    const features = model.features(image, context(false));
    return { logits: model.head(features.out_l5, context(false)), ...features };
  });
  const result = session.run(trace, new Map([[image, parityImage(image.shape)]]));
  const logits = result.logits.data;
  first.forEach((golden, i) => {
    expectPrinted(logits[i], golden);
  });
  expectPrinted(average(logits), mean);
  const top = logits.indexOf(Math.max(...logits));
  expect(top).toBe(best[0]);
  expectPrinted(logits[top], best[1]);
  const maps = [result.out_l1, result.out_l2, result.out_l3, result.out_l4, result.out_l5];
  maps.forEach(({ data }, i) => {
    expectPrinted(average(data), stages[i], 5);
  });
}
