import type { InferenceNode } from '../../../inference/graph.js';
import type { InferenceOp } from '../../../inference/roles.js';
import type { MilBuilder } from '../builder.js';
import { lowerActivation, lowerPrelu } from './activation.js';
import { lowerBinary, lowerToFloat, lowerUnary } from './elementwise.js';
import { lowerConv2d, lowerMatmul } from './layers.js';
import { lowerBatchNorm, lowerGroupNorm, lowerLayerNorm } from './norms.js';
import { lowerConcat, lowerExpand, lowerPad, lowerReshape, lowerSlice, lowerSplit, lowerTranspose } from './shapes.js';
import {
  lowerAvgPool2d,
  lowerLogSoftmax,
  lowerMaxPool2d,
  lowerReduce,
  lowerResize2d,
  lowerSoftmax,
} from './spatial.js';

/** Appends the operations that compute the node's outputs. */
type MilLower<P extends InferenceOp> = (node: InferenceNode<P>, builder: MilBuilder) => void;

/** Every operator that an exported graph may have. */
const lowerings: { readonly [P in InferenceOp]: MilLower<P> } = {
  conv2d: lowerConv2d,
  matmul: lowerMatmul,
  batchNormInference: lowerBatchNorm,
  layerNorm: lowerLayerNorm,
  groupNorm: lowerGroupNorm,
  activation: lowerActivation,
  prelu: lowerPrelu,
  unary: lowerUnary,
  binary: lowerBinary,
  maxPool2d: lowerMaxPool2d,
  avgPool2d: lowerAvgPool2d,
  reduce: lowerReduce,
  expand: lowerExpand,
  softmax: lowerSoftmax,
  logSoftmax: lowerLogSoftmax,
  reshape: lowerReshape,
  transpose: lowerTranspose,
  concat: lowerConcat,
  slice: lowerSlice,
  split: lowerSplit,
  pad: lowerPad,
  resize2d: lowerResize2d,
  toFloat: lowerToFloat,
};

export function lowerNode(node: InferenceNode, builder: MilBuilder): void {
  (lowerings[node.op] as MilLower<InferenceOp>)(node, builder);
}
