import {
  constantFloat,
  countOf,
  fail,
  float,
  floatsOf,
  like,
  map,
  numberOf,
  type Operands,
  type Operation,
  type Parameter,
  positions,
  scalar,
  shapeOf,
  stepsOf,
  word,
  wordOf,
} from '../operation.js';

/** A function of each element; `prepare` reads the other parameters once. */
function perElement(
  prepare: (operands: Operands) => (x: number) => number,
  others: Readonly<Record<string, Parameter>> = {},
): Operation {
  return {
    parameters: { x: float, ...others },
    infer: (operands) => like(operands, shapeOf(operands, 'x')),
    run: (operands) => [floatsOf(operands, 'x').map(prepare(operands))],
  };
}

const simple = (f: (x: number) => number): Operation => perElement(() => f);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!: all terms have one sign, so nothing cancels. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const gelus: Readonly<Record<string, (x: number) => number>> = {
  EXACT: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  TANH_APPROXIMATION: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  SIGMOID_APPROXIMATION: (x) => x * sigmoid(1.702 * x),
};

function binary(f: (x: number, y: number) => number): Operation {
  return {
    parameters: { x: float, y: float },
    infer: (operands) => like(operands, broadcast(shapeOf(operands, 'x'), shapeOf(operands, 'y'))),
    run(operands, [{ shape }]) {
      const [x, y] = ['x', 'y'].map((key) => stretched(floatsOf(operands, key), shapeOf(operands, key), shape));
      return [x.map((value, i) => f(value, y[i]))];
    },
  };
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) fail(`[${a}] and [${b}] do not fit together`);
    return x === 1 ? y : x;
  });
}

function stretched(data: Float32Array, from: readonly number[], to: readonly number[]): Float32Array {
  if (data.length === countOf(to)) return data;
  const full = [...to.slice(from.length).map(() => 1), ...from];
  const steps = stepsOf(full).map((step, i) => (full[i] === 1 ? 0 : step));
  return Float32Array.from(positions(to, steps), (at) => data[at]);
}

const prelu: Operation = {
  parameters: { x: map(3, 4, 5), alpha: { ...constantFloat, rank: [1] } },
  infer(operands) {
    const [x, alpha] = [shapeOf(operands, 'x'), shapeOf(operands, 'alpha')];
    if (alpha[0] !== x[1]) fail(`alpha [${alpha}] for ${x[1]} channels`);
    return like(operands, x);
  },
  run(operands) {
    const [, channels, ...rest] = shapeOf(operands, 'x');
    const alpha = floatsOf(operands, 'alpha');
    const inner = countOf(rest);
    return [floatsOf(operands, 'x').map((x, i) => (x >= 0 ? x : alpha[Math.floor(i / inner) % channels] * x))];
  },
};

export const elementwise = {
  relu: simple((x) => Math.max(0, x)),
  sigmoid: simple(sigmoid),
  silu: simple((x) => x * sigmoid(x)),
  tanh: simple(Math.tanh),
  exp: simple(Math.exp),
  sqrt: simple(Math.sqrt),
  abs: simple(Math.abs),
  sign: simple(Math.sign),
  square: simple((x) => x * x),
  log: perElement(
    (operands) => {
      const epsilon = numberOf(operands, 'epsilon');
      return (x) => Math.log(x + epsilon);
    },
    { epsilon: scalar },
  ),
  clip: perElement(
    (operands) => {
      const [least, most] = [numberOf(operands, 'alpha'), numberOf(operands, 'beta')];
      return (x) => Math.min(Math.max(x, least), most);
    },
    { alpha: scalar, beta: scalar },
  ),
  leaky_relu: perElement(
    (operands) => {
      const alpha = numberOf(operands, 'alpha');
      return (x) => (x >= 0 ? x : alpha * x);
    },
    { alpha: scalar },
  ),
  sigmoid_hard: perElement(
    (operands) => {
      const [alpha, beta] = [numberOf(operands, 'alpha'), numberOf(operands, 'beta')];
      return (x) => Math.min(Math.max(alpha * x + beta, 0), 1);
    },
    { alpha: scalar, beta: scalar },
  ),
  gelu: perElement(
    (operands) => {
      const mode = wordOf(operands, 'mode');
      return gelus[mode] ?? fail(`gelu has no mode ${mode}`);
    },
    { mode: word },
  ),
  prelu,
  add: binary((x, y) => x + y),
  sub: binary((x, y) => x - y),
  mul: binary((x, y) => x * y),
  real_div: binary((x, y) => x / y),
  minimum: binary(Math.min),
  maximum: binary(Math.max),
} as const satisfies Record<string, Operation>;
