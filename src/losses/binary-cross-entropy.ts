import { concat, crossEntropy, fill, mul, reshape, sub } from '../ops/index.js';
import { sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';

export interface BinaryCrossEntropyOptions {
  /** Over all elements; `batch_mean` is the sum divided by the batch [mean]. */
  readonly reduction?: 'mean' | 'sum' | 'batch_mean';
}

/**
 * -t·log σ(x) - (1 - t)·log σ(-x) of logits x and probabilities t f32 of the same shape. It is the cross entropy of
 * the pairs (x, 0) and (t, 1 - t), which is stable for any x.
 */
export function binaryCrossEntropy(
  logits: Tensor,
  target: Tensor,
  { reduction = 'mean' }: BinaryCrossEntropyOptions = {},
): Tensor {
  if (target.dtype !== 'f32' || !sameShape(target.shape, logits.shape)) {
    throw new ShapeError(
      `binaryCrossEntropy got target ${target.dtype}[${target.shape}], but needs f32[${logits.shape}]`,
      'turn class numbers into one-hot rows first',
    );
  }
  const x = reshape(logits, [-1, 1]);
  const t = reshape(target, [-1, 1]);
  const pairs = concat([x, fill(x.shape, 0)], 1);
  const loss = crossEntropy(pairs, concat([t, sub(1, t)], 1), { reduction: reduction === 'mean' ? 'mean' : 'sum' });
  return reduction === 'batch_mean' ? mul(loss, 1 / logits.shape[0]) : loss;
}
