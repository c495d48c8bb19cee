import { classificationModels as models } from '../../src/models/classification/index.js';
import type { Module } from '../../src/nn/module.js';
import type { Engine } from '../../src/scheduler/engine.js';
import { calibrate } from './calibrate.js';
import { networkTask } from './onnx.js';

/** Side of the images. */
export const SIZE = 64;
export const image = { channels: 3, height: SIZE, width: SIZE };

const each = <T>(name: string, values: readonly T[], build: (value: T) => Module): [string, () => Module][] =>
  values.map((value) => [`${name} ${value}`, () => build(value)]);

/** Every variant of every network, with the activation of its recipe. Larger ViTs differ in width and depth only. */
export const everyNetwork: [string, () => Module][] = [
  ...each('mobilenetv1', [0.25, 0.5, 0.75, 1], (width_multiplier) => models.mobilenetv1({ width_multiplier })),
  ...each('mobilenetv2', [0.25, 0.5, 0.75, 1, 1.4], (width_multiplier) =>
    models.mobilenetv2({ width_multiplier, activation: 'relu6' }),
  ),
  ...each('mobilenetv3', ['small', 'large'] as const, (mode) => models.mobilenetv3({ mode, activation: 'hard_swish' })),
  ...each('efficientnet', ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7'] as const, (mode) =>
    models.efficientnet({ mode, activation: 'swish' }),
  ),
  ...each('resnet', [18, 34, 50, 101] as const, (depth) => models.resnet({ depth })),
  ...each('se-resnet', [18, 50] as const, (depth) => models.resnet({ depth, se_resnet: true })),
  ...each('mobilevit', ['xx_small', 'x_small', 'small'] as const, (mode) =>
    models.mobilevit({ mode, activation: 'swish' }),
  ),
  ...each('mobilevit_v2', [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2], (width_multiplier) =>
    models.mobilevit_v2({ width_multiplier, activation: 'swish' }),
  ),
  ...each('vit', ['tiny', 'small', 'base'] as const, (mode) => models.vit({ mode, activation: 'gelu' })),
];

/**
 * Kaiming's gain is too much where it is not halved by an activation each time, or saturates gates and relu6, and too
 * little where softmax and group norms make the image small beside the biases: then everything hangs on the last bit.
 */
const gains: readonly (readonly [network: RegExp, gain: number])[] = [
  [/^mobilenetv2/, Math.sqrt(1.2)],
  [/^mobilevit_v2/, Math.sqrt(2.5)],
  [/^se-resnet/, 1],
];

/**
 * These get statistics that fit. For the others any do, and those of few small images would do harm: where they hardly
 * differ, a norm magnifies the rounding of everything before it.
 */
const needsStatistics = /^(mobilenetv3|efficientnet) /;

/** What a network with random values computes, such that float32 can tell. */
export async function randomTask(engine: Engine, name: string, build: () => Module, size = SIZE) {
  const task = networkTask(build(), undefined, gains.find(([network]) => network.test(name))?.[1]);
  if (needsStatistics.test(name)) await calibrate(engine, task, [4, 3, size, size]);
  return task;
}
