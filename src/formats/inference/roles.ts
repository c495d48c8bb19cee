import type { ActivationAttrs } from '../../ops/activation.js';
import type { AvgPool2dAttrs } from '../../ops/avg-pool2d.js';
import type { BatchNormInferenceAttrs } from '../../ops/batch-norm.js';
import type { BinaryAttrs } from '../../ops/binary.js';
import type { ConcatAttrs } from '../../ops/concat.js';
import type { Conv2dAttrs } from '../../ops/conv2d.js';
import type { ExpandAttrs } from '../../ops/expand.js';
import type { GroupNormAttrs } from '../../ops/group-norm.js';
import type { OpName } from '../../ops/index.js';
import type { LayerNormAttrs } from '../../ops/layer-norm.js';
import type { MatmulAttrs } from '../../ops/matmul.js';
import type { MaxPool2dAttrs } from '../../ops/max-pool2d.js';
import type { PadAttrs } from '../../ops/pad.js';
import type { PreluAttrs } from '../../ops/prelu.js';
import type { ReduceAttrs } from '../../ops/reduce.js';
import type { ReshapeAttrs } from '../../ops/reshape.js';
import type { Resize2dAttrs } from '../../ops/resize2d.js';
import type { SliceAttrs } from '../../ops/slice.js';
import type { LogSoftmaxAttrs, SoftmaxAttrs } from '../../ops/softmax.js';
import type { SplitAttrs } from '../../ops/split.js';
import type { ToFloatAttrs } from '../../ops/to-float.js';
import type { TransposeAttrs } from '../../ops/transpose.js';
import type { UnaryAttrs } from '../../ops/unary.js';

/**
 * What becomes of each operator in an exported graph:
 * - `inference`: a node that every target has a lowering for;
 * - `constant`: its value is known when the file is written;
 * - `identity`: its input takes its place;
 * - `training`: it has no business in an evaluation, or only a pass over training graphs makes it.
 * A new operator does not compile until it is listed here and, as `inference`, in every target's table.
 */
export const operatorRoles = {
  conv2d: 'inference',
  matmul: 'inference',
  batchNormInference: 'inference',
  layerNorm: 'inference',
  groupNorm: 'inference',
  activation: 'inference',
  prelu: 'inference',
  unary: 'inference',
  binary: 'inference',
  maxPool2d: 'inference',
  avgPool2d: 'inference',
  reduce: 'inference',
  expand: 'inference',
  softmax: 'inference',
  logSoftmax: 'inference',
  reshape: 'inference',
  transpose: 'inference',
  concat: 'inference',
  slice: 'inference',
  split: 'inference',
  pad: 'inference',
  resize2d: 'inference',
  toFloat: 'inference',
  fill: 'constant',
  copy: 'identity',
  addActivation: 'training',
  conv2dBackwardInput: 'training',
  conv2dBackwardWeight: 'training',
  batchNorm: 'training',
  batchNormApply: 'training',
  batchNormBackward: 'training',
  batchNormInferenceBackward: 'training',
  layerNormBackward: 'training',
  groupNormBackward: 'training',
  activationBackward: 'training',
  preluBackward: 'training',
  maxPool2dBackward: 'training',
  avgPool2dBackward: 'training',
  softmaxBackward: 'training',
  logSoftmaxBackward: 'training',
  crossEntropy: 'training',
  crossEntropyBackward: 'training',
  topKCorrect: 'training',
  dropout: 'training',
  resize2dBackward: 'training',
  globalNorm: 'training',
  sgd: 'training',
  adam: 'training',
  ema: 'training',
  accumulate: 'training',
  host: 'training',
} as const satisfies Record<OpName, 'inference' | 'constant' | 'identity' | 'training'>;

/** Operators that an exported graph may have. */
export type InferenceOp = {
  [P in OpName]: (typeof operatorRoles)[P] extends 'inference' ? P : never;
}[OpName];

/** Attributes by operator; the operators' own. */
export interface InferenceAttrs extends Record<InferenceOp, unknown> {
  conv2d: Conv2dAttrs;
  matmul: MatmulAttrs;
  batchNormInference: BatchNormInferenceAttrs;
  layerNorm: LayerNormAttrs;
  groupNorm: GroupNormAttrs;
  activation: ActivationAttrs;
  prelu: PreluAttrs;
  unary: UnaryAttrs;
  binary: BinaryAttrs;
  maxPool2d: MaxPool2dAttrs;
  avgPool2d: AvgPool2dAttrs;
  reduce: ReduceAttrs;
  expand: ExpandAttrs;
  softmax: SoftmaxAttrs;
  logSoftmax: LogSoftmaxAttrs;
  reshape: ReshapeAttrs;
  transpose: TransposeAttrs;
  concat: ConcatAttrs;
  slice: SliceAttrs;
  split: SplitAttrs;
  pad: PadAttrs;
  resize2d: Resize2dAttrs;
  toFloat: ToFloatAttrs;
}
