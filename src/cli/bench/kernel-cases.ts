import { avgPool2dBackwardOp } from '../../ops/avg-pool2d.js';
import { batchNormBackwardOp } from '../../ops/batch-norm.js';
import { type Conv2dAttrs, conv2dBackwardInputOp, conv2dBackwardWeightOp, conv2dOp } from '../../ops/conv2d.js';
import { adam, avgPool2d, batchNorm, copy, matmul, maxPool2d, mean, sgd } from '../../ops/index.js';
import { apply } from '../../ops/op.js';
import { trace } from '../../scheduler/engine.js';
import { type Shape, size } from '../../tensor/shape.js';
import { readState, State, writeState } from '../../tensor/state.js';
import { type Source, scalar, type Tensor } from '../../tensor/tensor.js';
import { usedScalars } from '../../train/programs.js';
import type { BenchCase } from './bench-case.js';
import { type Fill, fillWith } from './fill.js';
import { describeGraph } from './graph-description.js';
import type { Unit } from './row.js';

/** One kernel on one shape. */
export interface KernelCase extends BenchCase {
  /** What bounds it: arithmetic (GFLOP/s), memory (GB/s), or the cost of a call (µs). */
  readonly unit: Extract<Unit, 'GFLOP/s' | 'GB/s' | 'µs'>;
  readonly flops: number;
  /** Bytes read and written at least once. */
  readonly bytes: number;
  /** Kernel calls in a run, where the cost of one is what is measured. */
  readonly calls?: number;
}

const F32_BYTES = 4;
/** Scalars of the optimizers; the bias corrections are those of Adam's first step. */
const scalars: Readonly<Record<string, number>> = { lr: 0.01, bias_correction1: 0.1, bias_correction2: 0.001 };

type Operand = (name: string, shape: Shape, low?: number, high?: number) => Tensor;

/** A case that computes `result` from states with fixed values, so that a run uploads nothing but scalars. */
function kernelCase(
  name: string,
  unit: KernelCase['unit'],
  { flops, bytes, calls }: { flops: number; bytes: number; calls?: number },
  compute: (operand: Operand) => Tensor,
): KernelCase {
  return {
    name,
    unit,
    flops,
    bytes,
    calls,
    checks: 1,
    build() {
      const fills = new Map<State, Fill>();
      const traced = trace(() => {
        const operand: Operand = (label, shape, low = -1, high = 1) => {
          const fill: Fill = { kind: 'uniform', seed: fills.size + 1, low, high };
          const state = new State(label, shape, 'buffer', () => fillWith(fill, new Float32Array(size(shape))));
          fills.set(state, fill);
          return readState(state);
        };
        return { result: compute(operand) };
      });
      const fillOf = (source: Source): Fill =>
        source.kind === 'state' ? fills.get(source.state)! : { kind: 'constant', value: scalars[source.name] };
      return {
        trace: traced,
        graph: describeGraph(traced, fillOf),
        fills: new Map(),
        feeds: (program) => ({ scalars: usedScalars(program, scalars) }),
        read: [],
      };
    },
  };
}

function gemm(m: number, n: number, k: number): KernelCase {
  const work = { flops: 2 * m * n * k, bytes: F32_BYTES * (m * k + k * n + m * n) };
  return kernelCase(`gemm ${m}x${n}x${k}`, 'GFLOP/s', work, (operand) =>
    matmul(operand('a', [m, k]), operand('b', [k, n])),
  );
}

type Direction = 'forward' | 'input gradient' | 'weight gradient';
const directions: readonly Direction[] = ['forward', 'input gradient', 'weight gradient'];

interface ConvShape {
  readonly batch: number;
  readonly size: number;
  readonly channels: readonly [number, number];
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

function conv(shape: ConvShape, which: Direction): KernelCase {
  const { batch, size: side, channels, kernel, stride = 1, dilation = 1, groups = 1 } = shape;
  const [from, to] = channels;
  const output = Math.ceil(side / stride);
  const kind = groups === 1 ? 'conv' : groups === from ? 'depthwise' : `grouped(${groups})`;
  const spread = dilation === 1 ? '' : ` d${dilation}`;
  const inputShape = [batch, from, side, side];
  const weightShape = [to, from / groups, kernel, kernel];
  const outputShape = [batch, to, output, output];
  const edge = dilation * ((kernel - 1) >> 1);
  const attrs: Conv2dAttrs = {
    stride: [stride, stride],
    padding: [edge, edge, edge, edge],
    dilation: [dilation, dilation],
    groups,
  };
  return kernelCase(
    `${kind} ${kernel}x${kernel} ${batch}x${side}x${side} ${from}->${to} s${stride}${spread} ${which}`,
    'GFLOP/s',
    {
      flops: 2 * size(outputShape) * (from / groups) * kernel * kernel,
      bytes: F32_BYTES * (size(inputShape) + size(weightShape) + size(outputShape)),
    },
    (operand) => {
      const x = () => operand('x', inputShape);
      const w = () => operand('w', weightShape);
      const dy = () => operand('dy', outputShape);
      if (which === 'forward') return apply(conv2dOp, [x(), w()], attrs)[0];
      if (which === 'input gradient') return apply(conv2dBackwardInputOp, [dy(), w()], { ...attrs, inputShape })[0];
      return apply(conv2dBackwardWeightOp, [x(), dy()], { ...attrs, weightShape })[0];
    },
  );
}

function norm(shape: Shape, backward: boolean): KernelCase {
  // Forward reads x twice and writes y; backward reads x and dy twice and writes dx.
  const work = { flops: (backward ? 11 : 7) * size(shape), bytes: (backward ? 5 : 3) * size(shape) * F32_BYTES };
  const name = `batch norm ${shape.join('x')} ${backward ? 'backward' : 'forward'}`;
  return kernelCase(name, 'GB/s', work, (operand) => {
    const vector = (label: string, low?: number, high?: number) => operand(label, [shape[1]], low, high);
    const x = operand('x', shape);
    if (!backward) {
      const state = [vector('gamma'), vector('beta'), vector('mean'), vector('variance', 0.5, 2)] as const;
      return batchNorm(x, ...state, { activation: 'relu6' }).y;
    }
    const inputs = [x, operand('dy', shape), vector('gamma'), vector('beta'), vector('mean', -0.1, 0.1)];
    return apply(batchNormBackwardOp, [...inputs, vector('rstd', 1, 2)], { activation: 'relu6' })[0];
  });
}

const poolShape: Shape = [8, 64, 112, 112];
const quarter: Shape = [8, 64, 56, 56];
const window = { kernel: 3, stride: 2, padding: 1 } as const;
const poolBytes = F32_BYTES * (size(poolShape) + size(quarter));

const pools: readonly KernelCase[] = [
  kernelCase('max pool 3x3 8x64x112x112 s2 forward', 'GB/s', { flops: 0, bytes: poolBytes }, (operand) =>
    maxPool2d(operand('x', poolShape), window),
  ),
  kernelCase('average pool 3x3 8x64x112x112 s2 forward', 'GB/s', { flops: 0, bytes: poolBytes }, (operand) =>
    avgPool2d(operand('x', poolShape), window),
  ),
  kernelCase('average pool 3x3 8x64x112x112 s2 backward', 'GB/s', { flops: 0, bytes: poolBytes }, (operand) => {
    const attrs = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], countIncludePad: true } as const;
    return apply(avgPool2dBackwardOp, [operand('dy', quarter)], { ...attrs, inputShape: poolShape })[0];
  }),
  kernelCase('global pool 8x1280x7x7', 'GB/s', { flops: 0, bytes: F32_BYTES * 8 * 1280 * 50 }, (operand) =>
    mean(operand('x', [8, 1280, 7, 7]), { axes: [2, 3] }),
  ),
];

/** What is bound by memory is compared with a copy of as many bytes; this is such a copy, by itself. */
function copyCase(shape: Shape): KernelCase {
  return kernelCase(`copy ${shape.join('x')}`, 'GB/s', { flops: 0, bytes: 2 * size(shape) * F32_BYTES }, (operand) =>
    copy(operand('x', shape)),
  );
}

/** Tensors of an optimizer: a few large ones and many vectors, 3.5 million elements as in MobileNetV2. */
const parameterShapes: readonly Shape[] = [
  [1000, 1280],
  ...Array.from({ length: 8 }, () => [960, 160]),
  ...Array.from({ length: 24 }, () => [384, 96]),
  ...Array.from({ length: 100 }, () => [384]),
];
const parameterCount = parameterShapes.reduce((sum, shape) => sum + size(shape), 0);

function optimizer(kind: 'sgd' | 'adam'): KernelCase {
  // Reads parameter, gradient and slots, writes parameter and slots.
  const bytes = (kind === 'sgd' ? 5 : 7) * parameterCount * F32_BYTES;
  const work = { flops: (kind === 'sgd' ? 6 : 14) * parameterCount, bytes };
  return kernelCase(`${kind} ${parameterShapes.length} tensors ${parameterCount}`, 'GB/s', work, (operand) => {
    const list = (label: string, low?: number, high?: number) =>
      parameterShapes.map((shape, i) => operand(`${label}.${i}`, shape, low, high));
    const [parameters, gradients] = [list('parameter'), list('gradient')];
    const rule = { weightDecay: parameterShapes.map(() => 0), lrMultiplier: parameterShapes.map(() => 1) };
    const operands = { parameters, gradients, lr: scalar('lr') };
    if (kind === 'sgd') {
      const momenta = list('momentum');
      const result = sgd({ ...operands, momenta }, { ...rule, momentum: 0.9, nesterov: true });
      store(parameters, result.parameters);
      store(momenta, result.momenta);
      return result.parameters[0];
    }
    const [firstMoments, secondMoments] = [list('first'), list('second', 0, 1)];
    const [biasCorrection1, biasCorrection2] = [scalar('bias_correction1'), scalar('bias_correction2')];
    const moments = { firstMoments, secondMoments, biasCorrection1, biasCorrection2 };
    const result = adam({ ...operands, ...moments }, { ...rule, betas: [0.9, 0.999], eps: 1e-8, decoupled: true });
    store(parameters, result.parameters);
    store(firstMoments, result.firstMoments);
    store(secondMoments, result.secondMoments);
    return result.parameters[0];
  });
}

/** Makes new values those of the states that `operands` read. */
function store(operands: readonly Tensor[], values: readonly Tensor[]): void {
  operands.forEach(({ node: { source } }, i) => {
    if (source?.kind === 'state') writeState(source.state, values[i]);
  });
}

const CALLS = 200;

/** Calls that do next to nothing, each after the other: what starting and joining the threads, or a dispatch, costs. */
const forkJoin = kernelCase('fork and join', 'µs', { flops: 0, bytes: 0, calls: CALLS }, (operand) => {
  let y = operand('x', [1, 1]);
  const one = operand('one', [1, 1], 1, 1);
  for (let i = 0; i < CALLS; i++) y = matmul(y, one);
  return y;
});

const convolutions: readonly ConvShape[] = [
  { batch: 16, size: 24, channels: [144, 24], kernel: 1 },
  { batch: 16, size: 6, channels: [384, 96], kernel: 1 },
  { batch: 8, size: 56, channels: [64, 64], kernel: 3 },
  { batch: 8, size: 28, channels: [128, 128], kernel: 3 },
  { batch: 8, size: 14, channels: [256, 256], kernel: 3 },
  { batch: 8, size: 56, channels: [128, 128], kernel: 3, stride: 2 },
  { batch: 8, size: 28, channels: [64, 64], kernel: 5 },
  { batch: 8, size: 56, channels: [3, 64], kernel: 7, stride: 2 },
  { batch: 8, size: 14, channels: [384, 384], kernel: 3, groups: 384 },
  { batch: 8, size: 56, channels: [144, 144], kernel: 3, groups: 144 },
  { batch: 8, size: 56, channels: [144, 144], kernel: 3, stride: 2, groups: 144 },
  { batch: 8, size: 28, channels: [240, 240], kernel: 5, groups: 240 },
  { batch: 8, size: 28, channels: [128, 128], kernel: 3, dilation: 2 },
  { batch: 8, size: 28, channels: [128, 128], kernel: 3, groups: 8 },
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
  ...convolutions.flatMap((shape) => directions.map((which) => conv(shape, which))),
  ...normShapes.flatMap((shape) => [norm(shape, false), norm(shape, true)]),
  ...pools,
  optimizer('sgd'),
  optimizer('adam'),
  copyCase([1, 3_500_000]),
  forkJoin,
];
