import { conv2dBackwardInputOp } from '../../../../ops/conv2d.js';
import {
  add,
  batchNorm,
  batchNormInference,
  conv2d,
  div,
  fill,
  groupNorm,
  layerNorm,
  matmul,
  mul,
  reshape,
} from '../../../../ops/index.js';
import { apply } from '../../../../ops/op.js';
import { BATCH, size } from '../../../../tensor/shape.js';
import type { Tensor } from '../../../../tensor/tensor.js';
import type { NativeOp } from '../importer.js';
import { windowOf } from './window.js';

/** [N,C,W] as [N,C,1,W]. */
export const unflatten = (x: Tensor): Tensor => reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]);
export const reflatten = (x: Tensor): Tensor => reshape(x, [x.shape[0], x.shape[1], x.shape[3]]);

const conv: NativeOp = (job) => {
  const [x, w] = [job.tensor(0), job.tensor(1)];
  const window = windowOf(job, x.shape, w.shape.slice(2));
  if (!window) return undefined;
  const { stride, padding, dilation, flat } = window;
  const options = {
    stride,
    padding,
    dilation,
    groups: job.int('group', 1),
    bias: job.has(2) ? job.tensor(2) : undefined,
  };
  const y = conv2d(flat ? unflatten(x) : x, flat ? unflatten(w) : w, options);
  return [flat ? reflatten(y) : y];
};

/** The gradient of a convolution with respect to its input. */
const convTranspose: NativeOp = (job) => {
  const flat = job.shapeOf(0).length === 3;
  const [x, w] = [job.tensor(0), job.tensor(1)].map((tensor) => (flat ? unflatten(tensor) : tensor));
  if (x.rank !== 4) return undefined;
  const groups = job.int('group', 1);
  const pair = (values: readonly number[], fill: number) => (flat ? [fill, values[0]] : values) as [number, number];
  const ones = flat ? [1] : [1, 1];
  const stride = pair(job.ints('strides', ones), 1);
  const dilation = pair(job.ints('dilations', ones), 1);
  const extra = pair(
    job.ints(
      'output_padding',
      ones.map(() => 0),
    ),
    0,
  );
  const kernel = w.shape.slice(2);
  const full = [0, 1].map((i) => (x.shape[2 + i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 + extra[i]);
  let pads = [
    ...job.ints(
      'pads',
      [...ones, ...ones].map(() => 0),
    ),
  ];
  if (flat) pads = [0, pads[0], 0, pads[1]];
  const auto = job.text('auto_pad', 'NOTSET');
  if (auto !== 'NOTSET' && auto !== 'VALID') {
    const wanted = job.hasAttribute('output_shape')
      ? pair(job.ints('output_shape'), 1)
      : [0, 1].map((i) => x.shape[2 + i] * stride[i]);
    const total = wanted.map((side, i) => full[i] - side);
    const less = total.map((n) => Math.floor(n / 2));
    const more = total.map((n, i) => n - less[i]);
    pads = auto === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  } else if (job.hasAttribute('output_shape')) {
    const wanted = pair(job.ints('output_shape').slice(-ones.length), 1);
    // What is larger than the windows reach is padding at the end of the output.
    for (const i of [0, 1]) full[i] = Math.max(full[i], wanted[i]);
    const total = wanted.map((side, i) => full[i] - side);
    const more = total.map((n) => n - Math.floor(n / 2));
    pads = [...more, ...total.map((n, i) => n - more[i])];
  }
  if (pads.some((pad) => pad < 0)) return undefined;
  const [height, width] = [full[0] - pads[0] - pads[2], full[1] - pads[1] - pads[3]];
  const attrs = { stride, dilation, groups, padding: [pads[0], pads[2], pads[1], pads[3]] as const };
  const inputShape = [x.shape[0], w.shape[1] * groups, height, width];
  // Where padding at the end does not come out, output_padding has made the image larger than the windows reach.
  const [y] = apply(conv2dBackwardInputOp, [x, w], { ...attrs, inputShape });
  const biased = job.has(2) ? add(y, reshape(job.tensor(2), [-1, 1, 1])) : y;
  return [flat ? reflatten(biased) : biased];
};

const gemm: NativeOp = (job) => {
  const options = { transposeA: job.int('transA', 0) === 1, transposeB: job.int('transB', 0) === 1 };
  const [alpha, beta] = [job.float('alpha', 1), job.float('beta', 1)];
  const c = job.has(2) ? job.tensor(2) : undefined;
  const [a, b] = [job.tensor(0), job.tensor(1)];
  const columns = options.transposeB ? b.shape[0] : b.shape[1];
  if (c && alpha === 1 && beta === 1 && c.rank === 1 && c.shape[0] === columns)
    return [matmul(a, b, { ...options, bias: c })];
  const product = matmul(a, b, options);
  const scaled = alpha === 1 ? product : mul(product, alpha);
  return [c ? add(scaled, beta === 1 ? c : mul(c, beta)) : scaled];
};

/** Vectors count as a row on the left, as a column on the right; a batch on one side only is repeated by hand. */
const matrixProduct: NativeOp = (job) => {
  const [a, b] = [job.tensor(0), job.tensor(1)];
  if (a.rank >= 2 && (b.rank === 2 || a.shape.slice(0, -2).join() === b.shape.slice(0, -2).join()))
    return [matmul(a, b)];
  if (a.rank === 1 && b.rank === 2) return [reshape(matmul(reshape(a, [1, -1]), b), [b.shape[1]])];
  if (b.rank === 1 && a.rank >= 2) {
    const y = matmul(a, reshape(b, [b.shape[0], 1]));
    return [reshape(y, a.shape.slice(0, -1))];
  }
  return undefined;
};

const norm: NativeOp = (job) => {
  const x = job.tensor(0);
  const eps = job.float('epsilon', 1e-5);
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => job.tensor(i));
  const shaped = x.rank === 2 || x.rank === 4 ? x : foldSpace(x);
  const back = (y: Tensor) => (shaped === x ? y : reshape(y, x.shape));
  const { write } = job.options;
  const asked = job.int('training_mode', 0) === 1;
  if (!asked && !(job.options.training && write)) {
    return [back(batchNormInference(shaped, gamma, beta, mean, variance, { eps }))];
  }
  // The standard's momentum is the share of the old value, the engine's that of the new one.
  const result = batchNorm(shaped, gamma, beta, mean, variance, { eps, momentum: 1 - job.float('momentum', 0.9) });
  write?.(job.node.inputs[3], result.runningMean);
  write?.(job.node.inputs[4], result.runningVar);
  if (!asked) return [back(result.y)];
  // In a graph of training the standard takes the biased variance: 1 / rstd² - eps, where the engine takes the other.
  const share = 1 - job.float('momentum', 0.9);
  const biased = add(reciprocalSquare(result.rstd), -eps);
  return [back(result.y), result.runningMean, add(mul(variance, 1 - share), mul(biased, share))];
};

const reciprocalSquare = (rstd: Tensor): Tensor => div(1, mul(rstd, rstd));

/** [N,C,D1,D2,...] as [N,C,1,D]. */
function foldSpace(x: Tensor): Tensor {
  const [n, c, ...space] = x.shape;
  return reshape(x, [n, c, 1, size(space)]);
}

const layer: NativeOp = (job) => {
  if (job.node.outputs.length > 1) return undefined;
  const x = job.tensor(0);
  const axis = (job.int('axis', -1) + x.rank) % x.rank;
  const columns = size(x.shape.slice(axis));
  const rows = reshape(x, [axis > 0 && x.shape[0] === BATCH ? -1 : size(x.shape.slice(0, axis)), columns]);
  const scale = reshape(job.tensor(1), [columns]);
  const shift = job.has(2) ? reshape(job.tensor(2), [columns]) : fill([columns], 0);
  const eps = job.float('epsilon', 1e-5);
  return [reshape(layerNorm(rows, scale, shift, { eps }), x.shape)];
};

const instance: NativeOp = (job) => {
  const x = job.tensor(0);
  if (x.rank < 3) return undefined;
  const y = groupNorm(x.rank === 4 ? x : foldSpace(x), job.tensor(1), job.tensor(2), {
    groups: x.shape[1],
    eps: job.float('epsilon', 1e-5),
  });
  return [x.rank === 4 ? y : reshape(y, x.shape)];
};

const group: NativeOp = (job) => {
  const x = job.tensor(0);
  if (x.rank !== 4 || job.opset < 21) return undefined;
  const options = { groups: job.int('num_groups'), eps: job.float('epsilon', 1e-5) };
  return [groupNorm(x, job.tensor(1), job.tensor(2), options)];
};

export const layerOps: Readonly<Record<string, NativeOp>> = {
  BatchNormalization: norm,
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: gemm,
  GroupNormalization: group,
  InstanceNormalization: instance,
  LayerNormalization: layer,
  MatMul: matrixProduct,
};
