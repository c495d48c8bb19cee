import type { ElementType } from '../../model.js';
import { hostArray } from '../array.js';
import type { HostOp, NodeImport } from '../importer.js';
import { combine } from './support.js';

const unary =
  (compute: (x: number, job: NodeImport) => number, type?: ElementType): HostOp =>
  ([x], job) => [
    hostArray(
      type ?? x!.type,
      x!.dims,
      x!.data.map((value) => compute(value, job)),
    ),
  ];

const binary =
  (compute: (a: number, b: number, job: NodeImport) => number, type?: ElementType): HostOp =>
  ([a, b], job) => [combine(type ?? a!.type, [a!, b!], (x, y) => compute(x, y, job))];

const variadic =
  (compute: (values: number[]) => number): HostOp =>
  (inputs) => [
    combine(
      inputs[0]!.type,
      inputs.map((input) => input!),
      (...values) => compute(values),
    ),
  ];

/** Abramowitz and Stegun 7.1.26 is too coarse: the series and the continued fraction, to double precision. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let [term, sum] = [a, a];
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}

const selu = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 } as const;
const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
};
const isInteger = ({ type }: { type: ElementType }): boolean => type.includes('int');

const clip: HostOp = ([x, low, high], job) => {
  const least = low?.data[0] ?? job.float('min', Number.NEGATIVE_INFINITY);
  const most = high?.data[0] ?? job.float('max', Number.POSITIVE_INFINITY);
  return [
    hostArray(
      x!.type,
      x!.dims,
      x!.data.map((value) => Math.min(most, Math.max(least, value))),
    ),
  ];
};

const divide: HostOp = ([a, b]) => [
  combine(a!.type, [a!, b!], isInteger(a!) ? (x, y) => Math.trunc(x / y) : (x, y) => x / y),
];

/** fmod keeps the sign of the dividend, otherwise it is the divisor's. */
const modulo: HostOp = ([a, b], job) => [
  combine(a!.type, [a!, b!], job.int('fmod', 0) ? (x, y) => x % y : (x, y) => x - y * Math.floor(x / y)),
];

export const elementwiseHostOps: Readonly<Record<string, HostOp>> = {
  Abs: unary(Math.abs),
  Acos: unary(Math.acos),
  Acosh: unary(Math.acosh),
  Add: binary((a, b) => a + b),
  And: binary((a, b) => a && b, 'bool'),
  Asin: unary(Math.asin),
  Asinh: unary(Math.asinh),
  Atan: unary(Math.atan),
  Atanh: unary(Math.atanh),
  Ceil: unary(Math.ceil),
  Celu: unary((x, job) => {
    const alpha = job.float('alpha', 1);
    return Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
  }),
  Clip: clip,
  Cos: unary(Math.cos),
  Cosh: unary(Math.cosh),
  Div: divide,
  Elu: unary((x, job) => (x < 0 ? job.float('alpha', 1) * Math.expm1(x) : x)),
  Equal: binary((a, b) => (a === b ? 1 : 0), 'bool'),
  Erf: unary(erf),
  Exp: unary(Math.exp),
  Floor: unary(Math.floor),
  Greater: binary((a, b) => (a > b ? 1 : 0), 'bool'),
  GreaterOrEqual: binary((a, b) => (a >= b ? 1 : 0), 'bool'),
  Identity: ([x]) => [x!],
  IsInf: unary((x, job) => {
    const [negative, positive] = [job.int('detect_negative', 1), job.int('detect_positive', 1)];
    return (x === Number.POSITIVE_INFINITY && positive) || (x === Number.NEGATIVE_INFINITY && negative) ? 1 : 0;
  }, 'bool'),
  IsNaN: unary((x) => (Number.isNaN(x) ? 1 : 0), 'bool'),
  LeakyRelu: unary((x, job) => (x < 0 ? x * job.float('alpha', 0.01) : x)),
  Less: binary((a, b) => (a < b ? 1 : 0), 'bool'),
  LessOrEqual: binary((a, b) => (a <= b ? 1 : 0), 'bool'),
  Log: unary(Math.log),
  Max: variadic((values) => Math.max(...values)),
  Mean: variadic((values) => values.reduce((a, b) => a + b) / values.length),
  Min: variadic((values) => Math.min(...values)),
  Mod: modulo,
  Mul: binary((a, b) => a * b),
  Neg: unary((x) => -x),
  Not: unary((x) => (x ? 0 : 1), 'bool'),
  Or: binary((a, b) => a || b, 'bool'),
  Pow: binary((a, b) => a ** b),
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => Math.max(0, x)),
  Round: unary(roundHalfEven),
  Selu: unary((x, job) => {
    const gamma = job.float('gamma', selu.gamma);
    return gamma * (x > 0 ? x : job.float('alpha', selu.alpha) * Math.expm1(x));
  }),
  Shrink: unary((x, job) => {
    const [lambd, bias] = [job.float('lambd', 0.5), job.float('bias', 0)];
    return x < -lambd ? x + bias : x > lambd ? x - bias : 0;
  }),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Sign: unary(Math.sign),
  Sin: unary(Math.sin),
  Sinh: unary(Math.sinh),
  Softsign: unary((x) => x / (1 + Math.abs(x))),
  Sqrt: unary(Math.sqrt),
  Sub: binary((a, b) => a - b),
  Sum: variadic((values) => values.reduce((a, b) => a + b)),
  Tan: unary(Math.tan),
  Tanh: unary(Math.tanh),
  ThresholdedRelu: unary((x, job) => (x > job.float('alpha', 1) ? x : 0)),
  Where: ([condition, a, b]) => [combine(a!.type, [condition!, a!, b!], (c, x, y) => (c ? x : y))],
  Xor: binary((a, b) => (Boolean(a) !== Boolean(b) ? 1 : 0), 'bool'),
};
