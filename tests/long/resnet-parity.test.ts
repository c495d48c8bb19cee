import { test } from 'vitest';
import { resnet } from '../../src/models/classification/resnet.js';
import { expectLogits } from '../models/parity.js';

test('resnet 18 gives the logits and feature maps of CVNets', () => {
  expectLogits({
    model: resnet({ depth: 18 }),
    first: [-1.749102, 0.3766149, -0.3607099, 0.2132693, -0.2151569],
    mean: -0.01029168,
    best: [917, 1.923804],
    stages: [0.0789224, 0.223206, 0.294851, 0.327871, 0.30182],
  });
});
