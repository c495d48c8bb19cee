import { crossEntropy } from '../ops/index.js';
import type { Tensor } from '../tensor/tensor.js';

/** CVNets' `loss.classification.cross_entropy.*`. */
export interface CrossEntropyLossOptions {
  /** Share of the target that is spread over all classes, in training only [0]. */
  readonly label_smoothing?: number;
  /** Class whose samples do not count [-1]. */
  readonly ignore_index?: number;
  /** Factor of each class [C], in training only. */
  readonly weight?: Tensor;
}

/**
 * Mean softmax cross entropy of logits [N,C] with classes i32 [N] or probabilities f32 [N,C]. In evaluation it is the
 * plain one: no smoothing, no weights.
 */
export function crossEntropyLoss(
  logits: Tensor,
  target: Tensor,
  { training }: { readonly training: boolean },
  { label_smoothing = 0, ignore_index = -1, weight }: CrossEntropyLossOptions = {},
): Tensor {
  if (!training) return crossEntropy(logits, target, { ignoreIndex: ignore_index });
  return crossEntropy(logits, target, { labelSmoothing: label_smoothing, ignoreIndex: ignore_index, weight });
}
