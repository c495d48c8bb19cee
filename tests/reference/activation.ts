import type { ActivationAttrs } from '../../src/ops/activation.js';
import { map, type ReferenceRule } from './array.js';

/**
 * erf(x) = 2/√π · exp(−x²) · Σ_n 2ⁿ·x^(2n+1)/(2n+1)!!  (DLMF 7.6.2; all terms of one sign). It is ±1 in double
 * precision beyond 6.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = 0;
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const relu6 = (x: number): number => Math.min(6, Math.max(0, x));
const normalCdf = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;
const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

type Kind = ActivationAttrs['kind'];

const values: { [K in Kind]: (x: number, slope: number) => number } = {
  relu: (x) => Math.max(0, x),
  relu6,
  leakyRelu: (x, slope) => (x > 0 ? x : slope * x),
  sigmoid,
  silu: (x) => x * sigmoid(x),
  hardSwish: (x) => (x * relu6(x + 3)) / 6,
  hardSigmoid: (x) => relu6(x + 3) / 6,
  gelu: (x) => x * normalCdf(x),
  tanh: Math.tanh,
};

/** At a kink: 0 for the ReLUs, as in PyTorch. */
const derivatives: { [K in Kind]: (x: number, slope: number) => number } = {
  relu: (x) => (x > 0 ? 1 : 0),
  relu6: (x) => (x > 0 && x < 6 ? 1 : 0),
  leakyRelu: (x, slope) => (x > 0 ? 1 : slope),
  sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  silu: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  hardSwish: (x) => (x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1),
  hardSigmoid: (x) => (x > -3 && x < 3 ? 1 / 6 : 0),
  gelu: (x) => normalCdf(x) + x * normalDensity(x),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};

export const activation: ReferenceRule<ActivationAttrs> = ([x], { kind, slope }) => [
  map(x, (value) => values[kind](value, slope)),
];

export const activationBackward: ReferenceRule<ActivationAttrs> = ([x, dy], { kind, slope }) => [
  map(x, (value, i) => dy.data[i] * derivatives[kind](value, slope)),
];
