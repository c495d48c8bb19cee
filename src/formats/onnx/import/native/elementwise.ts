import * as ops from '../../../../ops/index.js';
import type { Tensor } from '../../../../tensor/tensor.js';
import type { NativeOp, NodeImport } from '../importer.js';

const isFloat = (job: NodeImport): boolean =>
  job.node.inputs.every((_, i) => !job.has(i) || job.tensor(i).dtype === 'f32');

/** On floats only: integers are computed on the host. */
const unary =
  (compute: (x: Tensor, job: NodeImport) => Tensor | undefined): NativeOp =>
  (job) => {
    if (!isFloat(job)) return undefined;
    const y = compute(job.tensor(0), job);
    return y && [y];
  };

const binary = (compute: (a: Tensor, b: Tensor) => Tensor): NativeOp => unary((a, job) => compute(a, job.tensor(1)));

/** Several operands in turn. */
const variadic = (compute: (a: Tensor, b: Tensor) => Tensor): NativeOp =>
  unary((_, job) => job.node.inputs.map((_, i) => job.tensor(i)).reduce((a, b) => compute(a, b)));

const clip: NativeOp = unary((x, job) => {
  const limit = (input: number, name: string): number | undefined => {
    if (job.hasAttribute(name)) return job.float(name);
    return job.has(input) ? job.numbers(input)[0] : undefined;
  };
  const known = [1, 2].every((i) => !job.has(i) || 'array' in job.value(i));
  if (!known) return undefined;
  const [low, high] = [limit(1, 'min'), limit(2, 'max')];
  if (low === 0 && high === 6) return ops.relu6(x);
  if (low === 0 && (high === undefined || high >= 3e38)) return ops.relu(x);
  const above = low === undefined ? x : ops.maximum(x, low);
  return high === undefined ? above : ops.minimum(above, high);
});

const hardSigmoid: NativeOp = unary((x, job) => {
  const [alpha, beta] = [job.float('alpha', 0.2), job.float('beta', 0.5)];
  if (Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5) return ops.hardSigmoid(x);
  return ops.minimum(ops.maximum(ops.add(ops.mul(x, alpha), beta), 0), 1);
});

const prelu: NativeOp = unary((x, job) => {
  const slope = job.tensor(1);
  const channels = x.rank > 1 ? x.shape[1] : 0;
  const perChannel =
    slope.shape[0] === channels && slope.rank === x.rank - 1 && slope.shape.slice(1).every((d) => d === 1);
  if (!perChannel) return ops.add(ops.relu(x), ops.mul(slope, ops.minimum(x, 0)));
  return ops.prelu(x, ops.reshape(slope, [channels]));
});

const power: NativeOp = unary((x, job) => {
  const value = job.value(1);
  if (!('array' in value) || value.array.data.length !== 1) return undefined;
  const [exponent] = value.array.data;
  if (exponent === 1) return x;
  if (exponent === 2) return ops.square(x);
  if (exponent === 0.5) return ops.sqrt(x);
  return exponent === -1 ? ops.reciprocal(x) : undefined;
});

/** x · Φ(x), written out in the error function, comes as five nodes; alone it has no kernel. */
const gelu: NativeOp = unary((x, job) => {
  if (job.text('approximate', 'none') === 'none') return ops.gelu(x);
  const inner = ops.mul(ops.add(x, ops.mul(ops.mul(ops.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return ops.mul(ops.mul(x, 0.5), ops.add(ops.tanh(inner), 1));
});

const dropout: NativeOp = (job) => {
  const training = job.has(2) ? job.numbers(2)[0] !== 0 : false;
  if (training || job.node.outputs.length > 1) return undefined;
  return [job.tensor(0)];
};

export const elementwiseOps: Readonly<Record<string, NativeOp>> = {
  Abs: unary(ops.abs),
  Add: binary(ops.add),
  Clip: clip,
  Div: binary(ops.div),
  Dropout: dropout,
  Exp: unary(ops.exp),
  Gelu: gelu,
  HardSigmoid: hardSigmoid,
  HardSwish: unary(ops.hardSwish),
  Identity: (job) => [job.tensor(0)],
  LeakyRelu: unary((x, job) => ops.leakyRelu(x, job.float('alpha', 0.01))),
  Log: unary(ops.log),
  Max: variadic(ops.maximum),
  Mean: unary((_, job) => {
    const all = job.node.inputs.map((_, i) => job.tensor(i));
    return ops.mul(
      all.reduce((a, b) => ops.add(a, b)),
      1 / all.length,
    );
  }),
  Min: variadic(ops.minimum),
  Mul: binary(ops.mul),
  Neg: unary(ops.neg),
  PRelu: prelu,
  Pow: power,
  Reciprocal: unary(ops.reciprocal),
  Relu: unary(ops.relu),
  Sigmoid: unary(ops.sigmoid),
  Sign: unary(ops.sign),
  Softplus: unary((x) => ops.add(ops.relu(x), ops.log(ops.add(ops.exp(ops.neg(ops.abs(x))), 1)))),
  Sqrt: unary(ops.sqrt),
  Sub: binary(ops.sub),
  Sum: variadic(ops.add),
  Tanh: unary(ops.tanh),
};
