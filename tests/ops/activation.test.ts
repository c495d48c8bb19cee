import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ActivationKind, activation, gelu, hardSwish, relu, relu6 } from '../../src/ops/activation.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { erf } from '../reference/activation.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const kinds = [
  'relu',
  'relu6',
  'leakyRelu',
  'sigmoid',
  'silu',
  'hardSwish',
  'hardSigmoid',
  'gelu',
  'tanh',
] as const satisfies readonly ActivationKind[];

const slope = (kind: ActivationKind): number => (kind === 'leakyRelu' ? 0.1 : 0);

function over(kind: ActivationKind, shape: Shape, reach = 8): OpCase {
  return {
    title: `${kind} [${shape}] within ±${reach}`,
    inputs: { x: { shape, values: (random) => random.uniform(-reach, reach) } },
    build: ({ x }) => activation(x, kind, slope(kind)),
  };
}

function at(kind: ActivationKind, what: string, values: readonly number[]): OpCase {
  return {
    title: `${kind} at ${what}`,
    inputs: { x: { shape: [values.length], values } },
    build: ({ x }) => activation(x, kind, slope(kind)),
    smooth: false,
  };
}

const kinks = [0, -0, 3, -3, 6, -6, 1e-8, -1e-8, 2.9999, -2.9999, 5.9999];
/** The exponential of all but the first overflows or vanishes in float32. */
const extremes = [0.5, 20, -20, 89, -89, 200, -200, 1e4, -1e4, 1e20, -1e20];

describeOp(
  'activation',
  kinds.flatMap((kind) => [
    over(kind, [2, 5, 4, 3]),
    over(kind, [1, 17, 1, 1], 1),
    over(kind, [515]),
    at(kind, 'kinks', kinks),
    at(kind, 'extremes', extremes),
  ]),
  { arbitrary: fc.tuple(fc.constantFrom(...kinds), shapes(1, 6)).map(([kind, shape]) => over(kind, shape)), runs: 25 },
);

test('known values', () => {
  const x = input('x', [4]);
  const feeds = new Map([[x, array([4], [-1, 0, 1, 7])]]);
  const [r, r6, hs, g] = evaluate([relu(x), relu6(x), hardSwish(x), gelu(x)], feeds);
  expect([...r.data]).toEqual([0, 0, 1, 7]);
  expect([...r6.data]).toEqual([0, 0, 1, 6]);
  expect(hs.data[0]).toBeCloseTo(-1 / 3, 12);
  expect(g.data[2]).toBeCloseTo(0.8413447460685429, 14); // Φ(1)
});

test('the error function of the reference', () => {
  // Abramowitz and Stegun, table 7.1
  for (const [x, value] of [
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [-1.5, -0.9661051464753108],
  ]) {
    expect(erf(x)).toBeCloseTo(value, 15);
  }
});
