import type { OpName } from '../../src/ops/index.js';
import { activation, activationBackward } from './activation.js';
import type { ReferenceRule } from './array.js';
import {
  batchNorm,
  batchNormApply,
  batchNormBackward,
  batchNormInference,
  batchNormInferenceBackward,
} from './batch-norm.js';
import { conv2d, conv2dBackwardInput, conv2dBackwardWeight } from './conv2d.js';
import { crossEntropy, crossEntropyBackward } from './cross-entropy.js';
import { dropout } from './dropout.js';
import { addActivation, binary, toFloat, unary } from './elementwise.js';
import { host } from './host.js';
import { matmul } from './matmul.js';
import { groupNorm, groupNormBackward, layerNorm, layerNormBackward } from './norms.js';
import { accumulate, adam, ema, globalNorm, sgd } from './optimizers.js';
import { avgPool2d, avgPool2dBackward, maxPool2d, maxPool2dBackward } from './pool2d.js';
import { prelu, preluBackward } from './prelu.js';
import { resize2d, resize2dBackward } from './resize2d.js';
import { concat, copy, expand, fill, pad, reduce, reshape, slice, split, transpose } from './shapes.js';
import { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from './softmax.js';
import { topKCorrect } from './top-k-correct.js';

/** The truth: every operator in float64. A new operator does not compile until it has its loops here. */
export const reference: { readonly [P in OpName]: ReferenceRule<never> } = {
  accumulate,
  activation,
  activationBackward,
  adam,
  avgPool2d,
  avgPool2dBackward,
  batchNorm,
  batchNormBackward,
  batchNormApply,
  batchNormInference,
  batchNormInferenceBackward,
  addActivation,
  binary,
  concat,
  conv2d,
  conv2dBackwardInput,
  conv2dBackwardWeight,
  copy,
  crossEntropy,
  crossEntropyBackward,
  dropout,
  ema,
  expand,
  fill,
  globalNorm,
  groupNorm,
  groupNormBackward,
  host,
  layerNorm,
  layerNormBackward,
  logSoftmax,
  logSoftmaxBackward,
  matmul,
  maxPool2d,
  maxPool2dBackward,
  pad,
  prelu,
  preluBackward,
  reduce,
  reshape,
  resize2d,
  resize2dBackward,
  sgd,
  slice,
  softmax,
  softmaxBackward,
  split,
  toFloat,
  topKCorrect,
  transpose,
  unary,
};
