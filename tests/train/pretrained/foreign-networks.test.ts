import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWasmDevice } from '../../../src/devices/wasm/device.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { mobilevit } from '../../../src/models/classification/mobilevit.js';
import { mobilevitV2 } from '../../../src/models/classification/mobilevit-v2.js';
import type { ClassificationModel } from '../../../src/models/classification/model.js';
import { resnet } from '../../../src/models/classification/resnet.js';
import { type Variant, variantFacts } from '../../../src/models/classification/variants/index.js';
import { initialize } from '../../../src/nn/initialize.js';
import { namedParameters } from '../../../src/nn/module.js';
import { nodePlatform } from '../../../src/platform/node.js';
import { Engine, trace } from '../../../src/scheduler/engine.js';
import { channelsLast } from '../../../src/tensor/layout.js';
import { input, scalar } from '../../../src/tensor/tensor.js';
import { fits, matchWeights, noScopes } from '../../../src/train/pretrained/match.js';
import { expectFit } from '../../../src/train/pretrained/report.js';
import { matchedValues } from '../../../src/train/pretrained/values.js';
import { foreignNetworks, foreignShapes, foreignTensors } from '../../support/foreign-networks.js';
import { goldenImage } from '../../support/golden.js';

const shape = [1, 3, 64, 64];

const relu6 = { activation: 'relu6' } as const;
const networks: Readonly<Record<string, readonly [string, Variant, (variant: Variant) => ClassificationModel]>> = {
  'torchvision mobilenet_v2': ['mobilenetv2', 'torchvision', (variant) => mobilenetv2({ ...relu6, variant })],
  'torchvision mobilenet_v2 0.5': [
    'mobilenetv2',
    'torchvision',
    (variant) => mobilenetv2({ ...relu6, variant, width_multiplier: 0.5 }),
  ],
  'torchvision resnet18': ['resnet', 'torchvision', (variant) => resnet({ depth: 18, variant })],
  'timm mobilenetv2_100': ['mobilenetv2', 'timm', (variant) => mobilenetv2({ ...relu6, variant })],
  'timm mobilenetv2_140': [
    'mobilenetv2',
    'timm',
    (variant) => mobilenetv2({ ...relu6, variant, width_multiplier: 1.4 }),
  ],
  'timm mobilevit_xxs': ['mobilevit', 'timm', () => mobilevit({ mode: 'xx_small', activation: 'swish' })],
  'timm mobilevitv2_050': ['mobilevit_v2', 'timm', () => mobilevitV2({ width_multiplier: 0.5, activation: 'swish' })],
  'timm resnet18': ['resnet', 'timm', (variant) => resnet({ depth: 18, variant })],
};

const match = (
  model: ClassificationModel,
  network: string,
  variant: Variant,
  name: string,
  tensors = foreignShapes(foreignNetworks[name]),
) =>
  matchWeights(namedParameters(model), tensors, {
    names: variantFacts(network, variant)!.names,
    scopes: noScopes,
  });

describe('networks of torchvision and timm', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));
  });
  afterAll(() => engine.close());

  test.each(Object.entries(networks))('%s: the logits are theirs', async (name, [network, variant, build]) => {
    const model = build(variant);
    const found = match(model, network, variant, name, foreignTensors(foreignNetworks[name]));
    expectFit(found, name, network);
    initialize(model, { values: matchedValues(found) });
    const traced = trace(() => {
      const context = { training: false, dropoutCounter: scalar('counter', 'u32'), seed: 0 };
      return { logits: model.call(input('image', shape), context) };
    });
    const program = await engine.compile(name, traced);
    const image = channelsLast(Float32Array.from(goldenImage(shape).data), shape);
    const { logits } = await program.run({ inputs: { image } });
    engine.release(program);
    const { std, logits: expected } = foreignNetworks[name];
    expected.forEach((value, i) => {
      expect(Math.abs(logits[i] - value), `logit ${i}`).toBeLessThan(1e-4 * std);
    });
  });
});

test('ResNet-50 of torchvision: names and shapes are ours', () => {
  const found = match(resnet({ variant: 'torchvision' }), 'resnet', 'torchvision', 'torchvision resnet50');
  expect(fits(found)).toBe(true);
  expect(found.matched.size).toBe(267);
});

test.each([
  [
    'the stem of CVNets',
    resnet({ depth: 18 }),
    'resnet',
    'torchvision',
    'torchvision resnet18',
    'layer_1.block.conv.weight',
  ],
  [
    'another depth',
    resnet({ depth: 34, variant: 'torchvision' }),
    'resnet',
    'torchvision',
    'torchvision resnet18',
    'layer_2.block_2',
  ],
  ['another width', mobilenetv2({ variant: 'timm' }), 'mobilenetv2', 'timm', 'timm mobilenetv2_140', 'mismatched'],
  [
    'the names of another',
    mobilenetv2({ variant: 'timm' }),
    'mobilenetv2',
    'timm',
    'torchvision mobilenet_v2',
    'unexpected',
  ],
] as const)('%s is refused with the report', (_, model, network, variant, name, message) => {
  const found = match(model, network, variant, name);
  expect(fits(found)).toBe(false);
  expect(() => expectFit(found, name, network)).toThrow(`${name} does not fit ${network}:`);
  expect(() => expectFit(found, name, network)).toThrow(message);
});
