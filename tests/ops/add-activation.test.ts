import fc from 'fast-check';
import { addActivationOp } from '../../src/ops/add-activation.js';
import { apply } from '../../src/ops/op.js';
import type { Shape } from '../../src/tensor/shape.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const activations = ['relu', 'relu6'] as const;

/** Sums lie on both sides of both kinks. */
const sum = (shape: Shape, activation: (typeof activations)[number]): OpCase => ({
  title: `${activation} [${shape}]`,
  inputs: {
    a: { shape, values: (random) => random.uniform(-6, 9) },
    b: { shape, values: (random) => random.uniform(-2, 2) },
  },
  build: ({ a, b }) => apply(addActivationOp, [a, b], { activation })[0],
  smooth: false,
});

describeOp(
  'addActivation',
  [
    ...activations.map((kind) => sum([2, 8, 5, 5], kind)),
    sum([3, 7], 'relu'),
    sum([1], 'relu6'),
    sum([2, 3, 1, 1], 'relu'),
    sum([2, 16, 40, 40], 'relu'),
  ],
  { arbitrary: fc.tuple(shapes(1, 4), fc.constantFrom(...activations)).map(([shape, kind]) => sum(shape, kind)) },
);
