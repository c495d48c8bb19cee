import { expect, test } from 'vitest';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import type { RefArray } from '../reference/array.js';
import { ReferenceSession } from '../reference/evaluate.js';
import { goldenFeeds, goldenModel, goldenValue, traceLoss, traceTraining } from '../support/golden.js';

const shape = [4, 3, 64, 64];

/** Loss and gradient norm of five steps of MobileNetV2 0.5, computed in float64 from CVNets' own source. */
const steps = [
  [6.93266372, 83.63590153],
  [6.21092241, 83.3265905],
  [4.75012568, 66.35396652],
  [3.61892539, 67.04611274],
  [2.78589186, 60.3217565],
];

const total = ({ data }: RefArray): number => data.reduce((sum, value) => sum + value, 0);

test('five training steps of MobileNetV2 0.5 in float64', { timeout: 300_000 }, () => {
  const golden = goldenModel(mobilenetv2({ width_multiplier: 0.5, activation: 'relu6', classifier_dropout: 0 }));
  const session = new ReferenceSession();
  for (const state of [...golden.parameters, ...golden.buffers]) session.states.set(state, goldenValue(state));
  const feeds = goldenFeeds(shape, 0.01);
  const step = traceTraining(golden, shape);
  for (const [loss, norm] of steps) {
    const result = session.run(step, feeds);
    expect(result.loss.data[0] / loss).toBeCloseTo(1, 6);
    expect(result.norm.data[0] / norm).toBeCloseTo(1, 6);
  }
  const evaluated = session.run(traceLoss(golden, shape), feeds);
  expect(evaluated.loss.data[0]).toBeCloseTo(5.50448639, 6);
  const sum = (suffix: string): number =>
    golden.buffers
      .filter(({ name }) => name.endsWith(suffix))
      .reduce((sum, state) => sum + total(session.value(state)), 0);
  expect(sum('running_mean')).toBeCloseTo(-109.60741713, 5);
  expect(sum('running_var')).toBeCloseTo(10963.191518, 4);
});
