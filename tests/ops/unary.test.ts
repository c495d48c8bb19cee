import fc from 'fast-check';
import { abs, exp, log, neg, reciprocal, sign, sqrt, square } from '../../src/ops/unary.js';
import type { Shape } from '../../src/tensor/shape.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

interface Kind {
  readonly f: (x: Tensor) => Tensor;
  readonly range: readonly [low: number, high: number];
  readonly differentiable?: number;
}

const kinds: Record<string, Kind> = {
  neg: { f: neg, range: [-2, 2] },
  exp: { f: exp, range: [-6, 6] },
  log: { f: log, range: [0.01, 9] },
  sqrt: { f: sqrt, range: [0.1, 9] },
  square: { f: square, range: [-3, 3] },
  abs: { f: abs, range: [-2, 2] },
  reciprocal: { f: reciprocal, range: [0.2, 3] },
  sign: { f: sign, range: [-2, 2], differentiable: 0 },
};

function over(name: string, shape: Shape): OpCase {
  const { f, range, differentiable } = kinds[name];
  return {
    title: `${name} [${shape}]`,
    inputs: { x: { shape, values: (random) => random.uniform(...range) } },
    build: ({ x }) => f(x),
    differentiable,
  };
}

/** Values whose result is exact or infinitesimal: zeros, and the ends of float32's range. */
const extremes: readonly OpCase[] = [
  { f: exp, values: [0, -87, 88, -103.5, -200] },
  { f: log, values: [1, 1.1754943508222875e-38, 3e38, 2, 0.99999994] },
  { f: sqrt, values: [0, 1, 4, 1e-30, 3e38] },
  { f: sign, values: [0, -0, 1.2e-38, -1.2e-38, 5] }, // normal numbers: WGSL may take subnormal ones for zero
  { f: abs, values: [0, -0, -1e30, 1e-30, 1] },
].map(({ f, values }) => ({
  title: `${f.name} at extremes`,
  inputs: { x: { shape: [values.length], values, differentiable: false } },
  build: ({ x }) => f(x),
  differentiable: 0,
}));

describeOp(
  'unary',
  [...Object.keys(kinds).flatMap((name) => [over(name, [2, 5, 4, 3]), over(name, [67])]), ...extremes],
  { arbitrary: fc.tuple(fc.constantFrom(...Object.keys(kinds)), shapes(1, 6)).map(([k, shape]) => over(k, shape)) },
);
