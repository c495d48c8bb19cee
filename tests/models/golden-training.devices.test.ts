import { expect, test } from 'vitest';
import { mobilenetv2 } from '../../src/models/classification/mobilenetv2.js';
import { resnet } from '../../src/models/classification/resnet.js';
import { devices } from '../support/devices.js';
import { goldenModel, runGolden, traceTraining } from '../support/golden.js';

const shape = [4, 3, 64, 64];

test('MobileNetV2 0.5: loss and gradient norm of the first step', { timeout: 300_000 }, async () => {
  // Later steps are chaotic in float32: see golden-float64.test.ts.
  for (const { name, engine } of await devices()) {
    const golden = goldenModel(mobilenetv2({ width_multiplier: 0.5, activation: 'relu6', classifier_dropout: 0 }));
    const [{ loss, norm }] = await runGolden(engine, golden, traceTraining(golden, shape), shape, 1, { lr: 0.01 });
    expect(Math.abs(loss[0] / 6.93266372 - 1), `${name}: loss ${loss[0]}`).toBeLessThan(1e-4);
    expect(Math.abs(norm[0] / 83.63590153 - 1), `${name}: gradient norm ${norm[0]}`).toBeLessThan(1e-4);
  }
});

test('ResNet-18: five steps in float32', { timeout: 600_000 }, async () => {
  const losses = [7.5398978, 4.35450489, 2.34939007, 1.40206875, 1.18326967];
  const norms = [67.42463, 48.93785, 32.77085, 11.97046, 3.44357];
  for (const { name, engine } of await devices()) {
    const golden = goldenModel(resnet({ depth: 18 }));
    const steps = await runGolden(engine, golden, traceTraining(golden, shape), shape, 5, { lr: 1e-3 });
    steps.forEach(({ loss, norm }, i) => {
      expect(Math.abs(loss[0] - losses[i]), `${name}, step ${i}: loss ${loss[0]}`).toBeLessThan(1e-4);
      expect(Math.abs(norm[0] / norms[i] - 1), `${name}, step ${i}: norm ${norm[0]}`).toBeLessThan(1e-3);
    });
  }
});
