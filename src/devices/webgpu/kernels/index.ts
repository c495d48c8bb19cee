import type { KernelOpName } from '../../../ops/index.js';
import type { WebgpuLower } from '../kernel.js';
import { lowerAccumulate } from './accumulate.js';
import { lowerActivation, lowerActivationBackward } from './activation.js';
import { lowerAdam } from './adam.js';
import { lowerAvgPool2d, lowerAvgPool2dBackward } from './avg-pool2d.js';
import { lowerBatchNorm, lowerBatchNormBackward } from './batch-norm.js';
import {
  lowerBatchNormApply,
  lowerBatchNormInference,
  lowerBatchNormInferenceBackward,
} from './batch-norm-inference.js';
import { lowerAddActivation, lowerBinary } from './binary.js';
import { lowerConcat } from './concat.js';
import { lowerConv2d } from './conv2d.js';
import { lowerConv2dBackwardInput } from './conv2d-backward-input.js';
import { lowerConv2dBackwardWeight } from './conv2d-backward-weight.js';
import { lowerCopy } from './copy.js';
import { lowerCrossEntropy, lowerCrossEntropyBackward } from './cross-entropy.js';
import { lowerDropout } from './dropout.js';
import { lowerEma } from './ema.js';
import { lowerExpand } from './expand.js';
import { lowerFill } from './fill.js';
import { lowerGlobalNorm } from './global-norm.js';
import { lowerGroupNorm, lowerGroupNormBackward } from './group-norm.js';
import { lowerLayerNorm, lowerLayerNormBackward } from './layer-norm.js';
import { lowerMatmul } from './matmul.js';
import { lowerMaxPool2d, lowerMaxPool2dBackward } from './max-pool2d.js';
import { lowerPad } from './pad.js';
import { lowerPrelu, lowerPreluBackward } from './prelu.js';
import { lowerReduce } from './reduce.js';
import { lowerResize2d, lowerResize2dBackward } from './resize2d.js';
import { lowerSgd } from './sgd.js';
import { lowerSlice } from './slice.js';
import { lowerLogSoftmax, lowerLogSoftmaxBackward, lowerSoftmax, lowerSoftmaxBackward } from './softmax.js';
import { lowerSplit } from './split.js';
import { lowerToFloat } from './to-float.js';
import { lowerTopKCorrect } from './top-k-correct.js';
import { lowerUnary } from './unary.js';

/** How the WebGPU device runs each operator. The operator's own attributes are what each entry takes. */
export const webgpuKernels: { readonly [P in KernelOpName]: WebgpuLower<never> } = {
  activation: lowerActivation,
  activationBackward: lowerActivationBackward,
  prelu: lowerPrelu,
  preluBackward: lowerPreluBackward,
  unary: lowerUnary,
  binary: lowerBinary,
  addActivation: lowerAddActivation,
  conv2d: lowerConv2d,
  conv2dBackwardInput: lowerConv2dBackwardInput,
  conv2dBackwardWeight: lowerConv2dBackwardWeight,
  matmul: lowerMatmul,
  batchNorm: lowerBatchNorm,
  batchNormBackward: lowerBatchNormBackward,
  batchNormApply: lowerBatchNormApply,
  batchNormInference: lowerBatchNormInference,
  batchNormInferenceBackward: lowerBatchNormInferenceBackward,
  layerNorm: lowerLayerNorm,
  layerNormBackward: lowerLayerNormBackward,
  groupNorm: lowerGroupNorm,
  groupNormBackward: lowerGroupNormBackward,
  maxPool2d: lowerMaxPool2d,
  maxPool2dBackward: lowerMaxPool2dBackward,
  avgPool2d: lowerAvgPool2d,
  avgPool2dBackward: lowerAvgPool2dBackward,
  reduce: lowerReduce,
  expand: lowerExpand,
  softmax: lowerSoftmax,
  softmaxBackward: lowerSoftmaxBackward,
  logSoftmax: lowerLogSoftmax,
  logSoftmaxBackward: lowerLogSoftmaxBackward,
  crossEntropy: lowerCrossEntropy,
  crossEntropyBackward: lowerCrossEntropyBackward,
  topKCorrect: lowerTopKCorrect,
  dropout: lowerDropout,
  concat: lowerConcat,
  split: lowerSplit,
  slice: lowerSlice,
  pad: lowerPad,
  resize2d: lowerResize2d,
  resize2dBackward: lowerResize2dBackward,
  toFloat: lowerToFloat,
  fill: lowerFill,
  copy: lowerCopy,
  globalNorm: lowerGlobalNorm,
  sgd: lowerSgd,
  adam: lowerAdam,
  ema: lowerEma,
  accumulate: lowerAccumulate,
};
