import { normalizeAxis } from '../tensor/shape.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { expectCount, expectFloat, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface SoftmaxAttrs {
  readonly axis: number;
}

export type SoftmaxBackwardAttrs = SoftmaxAttrs;
export type LogSoftmaxAttrs = SoftmaxAttrs;
export type LogSoftmaxBackwardAttrs = SoftmaxAttrs;

function inferForward(op: string, inputs: readonly TensorSpec[], axis: number): TensorSpec[] {
  expectCount(op, inputs, 1);
  expectFloat(op, inputs, 'x');
  normalizeAxis(axis, inputs[0].shape.length, op);
  return [{ shape: inputs[0].shape, dtype: 'f32' }];
}

function inferBackward(op: string, inputs: readonly TensorSpec[], axis: number): TensorSpec[] {
  expectCount(op, inputs, 2);
  expectFloat(op, inputs, 'y', 'dy');
  expectShape(op, 'dy', inputs[1], inputs[0].shape);
  normalizeAxis(axis, inputs[0].shape.length, op);
  return [{ shape: inputs[0].shape, dtype: 'f32' }];
}

/** exp(x - max) / sum(exp(x - max)) along one axis. */
export const softmaxOp = {
  name: 'softmax',
  infer: (inputs, { axis }) => inferForward('softmax', inputs, axis),
  gradient: ({ outputs: [y], attrs, grads: [dy] }) => apply(softmaxBackwardOp, [y, dy!], attrs),
  cost: perElement(4),
} satisfies Op<SoftmaxAttrs>;

/** y · (dy - sum(y · dy)) */
export const softmaxBackwardOp = {
  name: 'softmaxBackward',
  infer: (inputs, { axis }) => inferBackward('softmaxBackward', inputs, axis),
  cost: perElement(4),
} satisfies Op<SoftmaxBackwardAttrs>;

/** x - max - log(sum(exp(x - max))) along one axis. */
export const logSoftmaxOp = {
  name: 'logSoftmax',
  infer: (inputs, { axis }) => inferForward('logSoftmax', inputs, axis),
  gradient: ({ outputs: [y], attrs, grads: [dy] }) => apply(logSoftmaxBackwardOp, [y, dy!], attrs),
  cost: perElement(4),
} satisfies Op<LogSoftmaxAttrs>;

/** dy - exp(y) · sum(dy) */
export const logSoftmaxBackwardOp = {
  name: 'logSoftmaxBackward',
  infer: (inputs, { axis }) => inferBackward('logSoftmaxBackward', inputs, axis),
  cost: perElement(4),
} satisfies Op<LogSoftmaxBackwardAttrs>;

export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [x], { axis: normalizeAxis(axis, x.rank, 'softmax') })[0];
}

export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOp, [x], { axis: normalizeAxis(axis, x.rank, 'logSoftmax') })[0];
}
