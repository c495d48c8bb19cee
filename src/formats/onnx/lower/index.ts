import type { InferenceNode } from '../../inference/graph.js';
import type { InferenceOp } from '../../inference/roles.js';
import type { OnnxBuilder } from '../builder.js';
import { lowerActivation, lowerPrelu } from './activation.js';
import { lowerBinary, lowerToFloat, lowerUnary } from './elementwise.js';
import { lowerConv2d, lowerMatmul } from './layers.js';
import { lowerBatchNorm, lowerGroupNorm, lowerLayerNorm } from './norms.js';
import { lowerConcat, lowerExpand, lowerPad, lowerReshape, lowerSlice, lowerSplit, lowerTranspose } from './shapes.js';
import { lowerSoftmax } from './softmax.js';
import { lowerAvgPool2d, lowerMaxPool2d, lowerReduce, lowerResize2d } from './spatial.js';

/** Appends the ONNX nodes that compute `node.output`. */
export type OnnxLower<P extends InferenceOp> = (node: InferenceNode<P>, builder: OnnxBuilder) => void;

/** Every operator that an exported graph may have. */
const lowerings: { readonly [P in InferenceOp]: OnnxLower<P> } = {
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
  softmax: (node, builder) => lowerSoftmax('Softmax', node, builder),
  logSoftmax: (node, builder) => lowerSoftmax('LogSoftmax', node, builder),
  reshape: lowerReshape,
  transpose: lowerTranspose,
  concat: lowerConcat,
  slice: lowerSlice,
  split: lowerSplit,
  pad: lowerPad,
  resize2d: lowerResize2d,
  toFloat: lowerToFloat,
};

export function lowerNode(node: InferenceNode, builder: OnnxBuilder): void {
  (lowerings[node.op] as OnnxLower<InferenceOp>)(node, builder);
}
