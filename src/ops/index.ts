import { accumulateOp } from './accumulate.js';
import { activationBackwardOp, activationOp } from './activation.js';
import { adamOp } from './adam.js';
import { addActivationOp } from './add-activation.js';
import { avgPool2dBackwardOp, avgPool2dOp } from './avg-pool2d.js';
import {
  batchNormApplyOp,
  batchNormBackwardOp,
  batchNormInferenceBackwardOp,
  batchNormInferenceOp,
  batchNormOp,
} from './batch-norm.js';
import { binaryOp } from './binary.js';
import { concatOp } from './concat.js';
import { conv2dBackwardInputOp, conv2dBackwardWeightOp, conv2dOp } from './conv2d.js';
import { copyOp } from './copy.js';
import { crossEntropyBackwardOp, crossEntropyOp } from './cross-entropy.js';
import { dropoutOp } from './dropout.js';
import { emaOp } from './ema.js';
import { expandOp } from './expand.js';
import { fillOp } from './fill.js';
import { globalNormOp } from './global-norm.js';
import { groupNormBackwardOp, groupNormOp } from './group-norm.js';
import { hostOp } from './host.js';
import { layerNormBackwardOp, layerNormOp } from './layer-norm.js';
import { matmulOp } from './matmul.js';
import { maxPool2dBackwardOp, maxPool2dOp } from './max-pool2d.js';
import type { AnyOp } from './op.js';
import { padOp } from './pad.js';
import { preluBackwardOp, preluOp } from './prelu.js';
import { reduceOp } from './reduce.js';
import { reshapeOp } from './reshape.js';
import { resize2dBackwardOp, resize2dOp } from './resize2d.js';
import { sgdOp } from './sgd.js';
import { sliceOp } from './slice.js';
import { logSoftmaxBackwardOp, logSoftmaxOp, softmaxBackwardOp, softmaxOp } from './softmax.js';
import { splitOp } from './split.js';
import { toFloatOp } from './to-float.js';
import { topKCorrectOp } from './top-k-correct.js';
import { transposeOp } from './transpose.js';
import { unaryOp } from './unary.js';

/** Every operator there is. Device tables, the reference evaluator and exporters are checked against its keys. */
export const ops = {
  activation: activationOp,
  activationBackward: activationBackwardOp,
  prelu: preluOp,
  preluBackward: preluBackwardOp,
  unary: unaryOp,
  binary: binaryOp,
  addActivation: addActivationOp,
  conv2d: conv2dOp,
  conv2dBackwardInput: conv2dBackwardInputOp,
  conv2dBackwardWeight: conv2dBackwardWeightOp,
  matmul: matmulOp,
  batchNorm: batchNormOp,
  batchNormBackward: batchNormBackwardOp,
  batchNormApply: batchNormApplyOp,
  batchNormInference: batchNormInferenceOp,
  batchNormInferenceBackward: batchNormInferenceBackwardOp,
  layerNorm: layerNormOp,
  layerNormBackward: layerNormBackwardOp,
  groupNorm: groupNormOp,
  groupNormBackward: groupNormBackwardOp,
  maxPool2d: maxPool2dOp,
  maxPool2dBackward: maxPool2dBackwardOp,
  avgPool2d: avgPool2dOp,
  avgPool2dBackward: avgPool2dBackwardOp,
  reduce: reduceOp,
  expand: expandOp,
  softmax: softmaxOp,
  softmaxBackward: softmaxBackwardOp,
  logSoftmax: logSoftmaxOp,
  logSoftmaxBackward: logSoftmaxBackwardOp,
  crossEntropy: crossEntropyOp,
  crossEntropyBackward: crossEntropyBackwardOp,
  topKCorrect: topKCorrectOp,
  dropout: dropoutOp,
  reshape: reshapeOp,
  transpose: transposeOp,
  concat: concatOp,
  split: splitOp,
  slice: sliceOp,
  pad: padOp,
  resize2d: resize2dOp,
  resize2dBackward: resize2dBackwardOp,
  toFloat: toFloatOp,
  fill: fillOp,
  copy: copyOp,
  globalNorm: globalNormOp,
  sgd: sgdOp,
  adam: adamOp,
  ema: emaOp,
  accumulate: accumulateOp,
  host: hostOp,
} as const satisfies Record<string, AnyOp>;

export type OpName = keyof typeof ops;

/** Operators that a device has kernels for: reshape and transpose are views, and host nodes run outside. */
export type KernelOpName = Exclude<OpName, 'reshape' | 'transpose' | 'host'>;

export type * from './accumulate.js';
export { accumulate } from './accumulate.js';
export type * from './activation.js';
export { activation, gelu, hardSigmoid, hardSwish, leakyRelu, relu, relu6, sigmoid, silu, tanh } from './activation.js';
export type * from './adam.js';
export { adam } from './adam.js';
export type * from './add-activation.js';
export type * from './avg-pool2d.js';
export { avgPool2d } from './avg-pool2d.js';
export type * from './batch-norm.js';
export { batchNorm, batchNormInference } from './batch-norm.js';
export type * from './binary.js';
export { add, div, maximum, minimum, mul, sub } from './binary.js';
export type * from './concat.js';
export { concat } from './concat.js';
export type * from './conv2d.js';
export { conv2d } from './conv2d.js';
export type * from './copy.js';
export { copy } from './copy.js';
export type * from './cross-entropy.js';
export { crossEntropy } from './cross-entropy.js';
export type * from './dropout.js';
export { dropout } from './dropout.js';
export type * from './ema.js';
export { ema } from './ema.js';
export type * from './expand.js';
export { expand } from './expand.js';
export type * from './fill.js';
export { fill } from './fill.js';
export type * from './global-norm.js';
export { globalNorm } from './global-norm.js';
export type * from './group-norm.js';
export { groupNorm } from './group-norm.js';
export type * from './host.js';
export { host } from './host.js';
export type * from './layer-norm.js';
export { layerNorm } from './layer-norm.js';
export type * from './matmul.js';
export { linear, matmul } from './matmul.js';
export type * from './max-pool2d.js';
export { maxPool2d } from './max-pool2d.js';
export type * from './pad.js';
export { pad } from './pad.js';
export type * from './prelu.js';
export { prelu } from './prelu.js';
export type * from './reduce.js';
export { mean, sum } from './reduce.js';
export type * from './reshape.js';
export { flatten, reshape } from './reshape.js';
export type * from './resize2d.js';
export { resize2d } from './resize2d.js';
export type * from './sgd.js';
export { sgd } from './sgd.js';
export type * from './slice.js';
export { slice } from './slice.js';
export type * from './softmax.js';
export { logSoftmax, softmax } from './softmax.js';
export type * from './split.js';
export { split } from './split.js';
export type * from './to-float.js';
export { toFloat } from './to-float.js';
export type * from './top-k-correct.js';
export { topKCorrect } from './top-k-correct.js';
export type * from './transpose.js';
export { transpose } from './transpose.js';
export type * from './unary.js';
export { abs, exp, log, neg, reciprocal, sign, sqrt, square } from './unary.js';
export type * from './window.js';
