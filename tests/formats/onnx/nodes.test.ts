import { afterAll, beforeAll, expect, test } from 'vitest';
import { efficientnet } from '../../../src/models/classification/efficientnet.js';
import { mobilenetv2 } from '../../../src/models/classification/mobilenetv2.js';
import { mobilenetv3 } from '../../../src/models/classification/mobilenetv3.js';
import { resnet } from '../../../src/models/classification/resnet.js';
import { vit } from '../../../src/models/classification/vit.js';
import type { Module } from '../../../src/nn/module.js';
import type { Engine } from '../../../src/scheduler/engine.js';
import { exportTask, networkTask, openEngine } from '../../support/onnx.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine();
});
afterAll(() => engine.close());

/**
 * Nodes that torch.onnx of PyTorch 2.13 (dynamo) writes for torchvision's network of the same architecture, with an
 * open batch. CVNets' ViT is the smallest here, with other layers around the same twelve blocks.
 */
const networks: [name: string, theirs: number, build: () => Module][] = [
  ['mobilenetv2', 100, () => mobilenetv2({ activation: 'relu6' })],
  ['mobilenetv3 small', 122, () => mobilenetv3({ mode: 'small', activation: 'hard_swish' })],
  ['resnet 18 of torchvision', 49, () => resnet({ depth: 18, variant: 'torchvision' })],
  ['efficientnet b0', 239, () => efficientnet({ mode: 'b0', activation: 'swish' })],
  ['vit tiny', 575, () => vit({ mode: 'tiny', activation: 'gelu' })],
];

test.each(networks)('%s has fewer nodes than the %i of torch.onnx', async (_, theirs, build) => {
  const { file } = await exportTask(engine, networkTask(build()), { image: { channels: 3, height: 64, width: 64 } });
  const { nodes, initializers } = file.model.graph;
  expect(nodes.length).toBeLessThan(theirs);
  // Weights are there once: the file is not larger than they are, by 1 % and names.
  const weights = initializers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(file.bytes.length).toBeLessThan(1.01 * weights + 200 * (nodes.length + initializers.length));
});
