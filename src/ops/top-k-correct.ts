import type { Tensor } from '../tensor/tensor.js';
import { expectCount, expectDtype, expectInteger, expectRank, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface TopKCorrectAttrs {
  readonly k: readonly number[];
  readonly ignoreIndex: number;
}

/** How many samples have their target among the k largest logits, for each k. Equal logits: lower class first. */
export const topKCorrectOp = {
  name: 'topKCorrect',

  infer(inputs, { k }) {
    expectCount('topKCorrect', inputs, 2);
    const [logits, target] = inputs;
    expectDtype('topKCorrect', 'logits', logits, 'f32');
    expectRank('topKCorrect', 'logits', logits, 2);
    expectDtype('topKCorrect', 'target', target, 'i32');
    expectShape('topKCorrect', 'target', target, [logits.shape[0]]);
    for (const each of k) expectInteger('topKCorrect', 'k', each, 1);
    return [{ shape: [k.length], dtype: 'f32' }];
  },

  cost: perElement(1),
} satisfies Op<TopKCorrectAttrs>;

/** Counts f32 [k.length] for logits [N,C] and target i32 [N]. */
export function topKCorrect(
  logits: Tensor,
  target: Tensor,
  { k = [1, 5], ignoreIndex = -1 }: Partial<TopKCorrectAttrs> = {},
): Tensor {
  return apply(topKCorrectOp, [logits, target], { k, ignoreIndex })[0];
}
