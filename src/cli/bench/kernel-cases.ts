import { batchNormBackwardOp } from '../../ops/batch-norm.js';
import { type Conv2dAttrs, conv2dBackwardInputOp, conv2dBackwardWeightOp, conv2dOp } from '../../ops/conv2d.js';
import { accumulate, batchNorm, copy, fill, matmul } from '../../ops/index.js';
import { apply } from '../../ops/op.js';
import { type Shape, size } from '../../tensor/shape.js';
import { readState, State } from '../../tensor/state.js';
import type { Tensor } from '../../tensor/tensor.js';

/** One kernel on one shape. */
export interface KernelCase {
  readonly name: string;
  /** What is counted, and how many of it one run does: operations, or bytes read and written at least once. */
  readonly unit: 'GFLOP/s' | 'GB/s';
  readonly work: number;
  /** Appends the operator to a trace and returns what it computes. Operands are states, so a run uploads nothing. */
  build(): Tensor;
}

const operands = new Map<string, State>();

/** A state with fixed values in [-1, 1); cases share those of one name and shape. */
function operand(name: string, shape: Shape): Tensor {
  const key = `${name} [${shape}]`;
  let state = operands.get(key);
  if (!state) {
    const values = (_: unknown, i: number): number => Math.imul(i + 1, 0x9e3779b1) / 2 ** 31;
    state = new State(key, shape, 'buffer', () => Float32Array.from({ length: size(shape) }, values));
    operands.set(key, state);
  }
  return readState(state);
}

const F32_BYTES = 4;

function gemm(m: number, n: number, k: number): KernelCase {
  return {
    name: `gemm ${m}x${n}x${k}`,
    unit: 'GFLOP/s',
    work: 2 * m * n * k,
    build: () => matmul(operand('a', [m, k]), operand('b', [k, n])),
  };
}

type Direction = 'forward' | 'input gradient' | 'weight gradient';
const directions: readonly Direction[] = ['forward', 'input gradient', 'weight gradient'];

interface ConvShape {
  readonly batch: number;
  readonly size: number;
  readonly channels: readonly [number, number];
  readonly kernel: number;
  readonly stride: number;
  readonly groups?: number;
}

function conv(shape: ConvShape, which: Direction): KernelCase {
  const { batch, size: side, channels, kernel, stride, groups = 1 } = shape;
  const [from, to] = channels;
  const output = Math.ceil(side / stride);
  const kind = groups === 1 ? `conv ${kernel}x${kernel}` : `depthwise ${kernel}x${kernel}`;
  return {
    name: `${kind} ${batch}x${side}x${side} ${from}->${to} s${stride} ${which}`,
    unit: 'GFLOP/s',
    work: 2 * batch * output * output * to * (from / groups) * kernel * kernel,
    build() {
      const inputShape = [batch, from, side, side];
      const weightShape = [to, from / groups, kernel, kernel];
      const edge = (kernel - 1) >> 1;
      const attrs: Conv2dAttrs = {
        stride: [stride, stride],
        padding: [edge, edge, edge, edge],
        dilation: [1, 1],
        groups,
      };
      const [x, w, dy] = [
        operand('x', inputShape),
        operand('w', weightShape),
        operand('dy', [batch, to, output, output]),
      ];
      if (which === 'forward') return apply(conv2dOp, [x, w], attrs)[0];
      if (which === 'input gradient') return apply(conv2dBackwardInputOp, [dy, w], { ...attrs, inputShape })[0];
      return apply(conv2dBackwardWeightOp, [x, dy], { ...attrs, weightShape })[0];
    },
  };
}

function norm(shape: Shape, backward: boolean): KernelCase {
  const bytes = size(shape) * F32_BYTES;
  return {
    name: `batch norm ${shape.join('x')} ${backward ? 'backward' : 'forward'}`,
    unit: 'GB/s',
    // Forward reads x twice and writes y; backward reads x and dy twice and writes dx.
    work: (backward ? 5 : 3) * bytes,
    build() {
      const x = operand('x', shape);
      const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((n) => operand(n, [shape[1]]));
      if (!backward) return batchNorm(x, gamma, beta, mean, variance, { activation: 'relu6' }).y;
      const inputs = [x, operand('dy', shape), gamma, beta, mean, variance];
      return apply(batchNormBackwardOp, inputs, { activation: 'relu6' })[0];
    },
  };
}

/** The limit of what is bound by memory: a copy of a tensor of the same size. */
function copyCase(shape: Shape): KernelCase {
  return {
    name: `copy ${shape.join('x')}`,
    unit: 'GB/s',
    work: 2 * size(shape) * F32_BYTES,
    build: () => copy(operand('x', shape)),
  };
}

/** The memory traffic of an optimizer: two reads and a write for each element. */
function update(elements: number): KernelCase {
  return {
    name: `accumulate ${elements}`,
    unit: 'GB/s',
    work: 3 * elements * F32_BYTES,
    build: () => accumulate([operand('sum', [elements])], [operand('grad', [elements])], fill([], 0.5))[0],
  };
}

const threeByThree: readonly ConvShape[] = [
  { batch: 8, size: 56, channels: [64, 64], kernel: 3, stride: 1 },
  { batch: 8, size: 28, channels: [128, 128], kernel: 3, stride: 1 },
  { batch: 8, size: 14, channels: [256, 256], kernel: 3, stride: 1 },
  { batch: 8, size: 56, channels: [128, 128], kernel: 3, stride: 2 },
];

const depthwise: readonly ConvShape[] = [
  { batch: 8, size: 14, channels: [384, 384], kernel: 3, stride: 1, groups: 384 },
  { batch: 8, size: 56, channels: [144, 144], kernel: 3, stride: 1, groups: 144 },
  { batch: 8, size: 56, channels: [144, 144], kernel: 3, stride: 2, groups: 144 },
];

const pointwise: readonly ConvShape[] = [
  { batch: 16, size: 24, channels: [144, 24], kernel: 1, stride: 1 },
  { batch: 16, size: 6, channels: [384, 96], kernel: 1, stride: 1 },
];

const normShapes: readonly Shape[] = [
  [8, 384, 14, 14],
  [8, 144, 56, 56],
];

/** The suite `kernels`. */
export const kernelCases: readonly KernelCase[] = [
  gemm(512, 512, 512),
  gemm(12544, 64, 576),
  gemm(12544, 96, 16),
  gemm(3136, 144, 24),
  ...[...threeByThree, ...pointwise, ...depthwise].flatMap((shape) => directions.map((which) => conv(shape, which))),
  ...normShapes.flatMap((shape) => [copyCase(shape), norm(shape, false), norm(shape, true)]),
  copyCase([1, 3_500_000]),
  update(3_500_000),
];
