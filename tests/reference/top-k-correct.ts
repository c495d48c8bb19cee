import type { TopKCorrectAttrs } from '../../src/ops/top-k-correct.js';
import { type ReferenceRule, zeros } from './array.js';

/** How many rows have their target among the k largest logits; a lower class comes first among equals. */
export const topKCorrect: ReferenceRule<TopKCorrectAttrs> = ([logits, target], { k, ignoreIndex }) => {
  const [rows, classes] = logits.shape;
  const counts = zeros([k.length]);
  for (let n = 0; n < rows; n++) {
    const t = target.data[n];
    if (t === ignoreIndex) continue;
    const own = logits.data[n * classes + t];
    let rank = 0;
    for (let c = 0; c < classes; c++) {
      const other = logits.data[n * classes + c];
      if (other > own || (other === own && c < t)) rank++;
    }
    k.forEach((limit, i) => {
      if (rank < limit) counts.data[i]++;
    });
  }
  return [counts];
};
