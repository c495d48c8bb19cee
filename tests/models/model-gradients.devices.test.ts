import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { fuseBatchNormActivation } from '../../src/graph/passes/fuse.js';
import { rewriteTrace } from '../../src/graph/rewrite.js';
import { efficientnet } from '../../src/models/classification/efficientnet.js';
import { mobilenetv3 } from '../../src/models/classification/mobilenetv3.js';
import { mobilevit } from '../../src/models/classification/mobilevit.js';
import { mobilevitV2 } from '../../src/models/classification/mobilevit-v2.js';
import { vit } from '../../src/models/classification/vit.js';
import { initialize } from '../../src/nn/initialize.js';
import type { Module } from '../../src/nn/module.js';
import { crossEntropy } from '../../src/ops/index.js';
import { trace } from '../../src/scheduler/engine.js';
import { defaultLayout, toLogical } from '../../src/tensor/layout.js';
import { readState } from '../../src/tensor/state.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { devices } from '../support/devices.js';
import { runGolden } from '../support/golden.js';

interface Fixture {
  readonly loss: number;
  /** Norm of all gradients together. */
  readonly norm: number;
  /** By parameter: its norm, then its products with vectors of signs. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const fixtures: Readonly<Record<string, Fixture>> = Object.assign(
  {},
  ...['model-gradients.json', 'transformer-gradients.json'].map((name) =>
    JSON.parse(readFileSync(resolve(import.meta.dirname, '../fixtures', name), 'utf8')),
  ),
);

interface Case {
  readonly build: () => Module;
  /** Side of the images [64]. At 48 maps of layer_4 have an odd side, which patches do not fit. */
  readonly size?: number;
  /** [true] */
  readonly training?: boolean;
}

const networks: Readonly<Record<string, Case>> = {
  mobilenetv3_large: { build: () => mobilenetv3({ classifier_dropout: 0 }) },
  efficientnet_b0: { build: () => efficientnet({ activation: 'swish' }) },
  mobilevit_xx_small: { build: () => mobilevit({ mode: 'xx_small', activation: 'swish' }), size: 48 },
  mobilevit_v2_half: { build: () => mobilevitV2({ width_multiplier: 0.5, activation: 'swish' }), size: 48 },
  // Its tokens are dropped in training.
  vit_tiny: { build: () => vit({ mode: 'tiny', activation: 'gelu' }), training: false },
};

/** +1 or -1, as in make_model_gradients.py. */
function sign(i: number, which: number): number {
  const j = i % 65537;
  return 1 - 2 * ((((3 * j * j + 7 * j + 11) % 65537) >> (which + 3)) & 1);
}

const project = (values: ArrayLike<number>, which: number): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * sign(i, which);
  return sum;
};

test.each(Object.entries(networks))(
  '%s: gradients are those of PyTorch in float64',
  async (name, { build, size = 64, training = true }) => {
    const shape = [4, 3, size, size];
    const { loss, norm, gradients: expected } = fixtures[name];
    for (const { name: device, engine } of await devices()) {
      const model = build();
      const golden = initialize(model);
      const forward = rewriteTrace(
        trace(() => {
          const context = { training, dropoutCounter: scalar('counter', 'u32'), seed: 0 };
          const logits = model.forward(input('image', shape), context);
          return { loss: crossEntropy(logits, input('target', [shape[0]], 'i32'), { labelSmoothing: 0.1 }) };
        }),
        fuseBatchNormActivation,
      );
      const step = trace(() => {
        const grads = gradients(forward.result.loss, golden.parameters.map(readState));
        return {
          ...forward.result,
          ...Object.fromEntries(golden.parameters.map((state, i) => [state.name, grads[i]])),
        };
      }, forward);
      const [got] = await runGolden(engine, golden, step, shape, 1);
      expect(Math.abs(got.loss[0] / loss - 1), device).toBeLessThan(1e-5);
      expect(golden.parameters.map((state) => state.name)).toEqual(Object.keys(expected));
      for (const state of golden.parameters) {
        const values = toLogical(got[state.name], state.shape, defaultLayout(state.shape.length));
        const [ownNorm, ...products] = expected[state.name];
        // The mean square of Δg·s over vectors of random signs s estimates ‖Δg‖².
        const squares = products.map((product, which) => (project(values, which) - product) ** 2);
        const error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
        expect(error, `${device}: ${state.name}`).toBeLessThan(1e-4 * Math.max(ownNorm, 1e-3 * norm));
      }
    }
  },
  300_000,
);
