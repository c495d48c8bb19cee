import type { CrossEntropyAttrs, CrossEntropyBackwardAttrs } from '../../src/ops/cross-entropy.js';
import { number, type RefArray, type ReferenceRule, split, zeros } from './array.js';
import { logSumExp } from './softmax.js';

/**
 * Every variant is loss_n = Σ_c a[n,c]·(lse_n − z[n,c]). With smoothing ε, class weights w and C classes:
 *   class index t:   a_c = w_c·ε/C + (c = t ? (1 − ε)·w_t : 0); no loss where t is the ignored index
 *   probabilities p: a_c = w_c·((1 − ε)·p_c + ε/C)
 * The mean divides by Σ w_t over the positions that count, or by the number of positions for probabilities (PyTorch).
 */
function coefficients(logits: RefArray, target: RefArray, weight: RefArray | undefined, attrs: CrossEntropyAttrs) {
  const [outer, classes, inner] = split(logits.shape, 1);
  const { labelSmoothing: smoothing, ignoreIndex } = attrs;
  const soft = target.shape.length === logits.shape.length;
  const w = (c: number): number => (weight ? weight.data[c] : 1);
  const a = zeros(logits.shape);
  let total = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const t = soft ? -1 : target.data[o * inner + i];
      if (!soft && t === ignoreIndex) continue;
      total += soft ? 1 : w(t);
      for (let c = 0; c < classes; c++) {
        const at = (o * classes + c) * inner + i;
        const p = soft ? target.data[at] : c === t ? 1 : 0;
        a.data[at] = w(c) * ((1 - smoothing) * p + smoothing / classes);
      }
    }
  }
  return { a, divisor: attrs.reduction === 'mean' ? total : 1 };
}

export const crossEntropy: ReferenceRule<CrossEntropyAttrs> = ([logits, target, weight], attrs) => {
  const [outer, classes, inner] = split(logits.shape, 1);
  const { a, divisor } = coefficients(logits, target, weight, attrs);
  const lse = zeros([logits.shape[0], ...logits.shape.slice(2)]);
  let loss = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * classes * inner + i;
      const line = logSumExp(logits.data, start, classes, inner);
      lse.data[o * inner + i] = line;
      for (let c = 0; c < classes; c++) loss += a.data[start + c * inner] * (line - logits.data[start + c * inner]);
    }
  }
  return [number(loss / divisor), lse];
};

/** dz_c = dloss/divisor · (softmax(z)_c·Σ a − a_c) */
export const crossEntropyBackward: ReferenceRule<CrossEntropyBackwardAttrs> = (inputs, attrs) => {
  const [logits, target] = inputs;
  const [outer, classes, inner] = split(logits.shape, 1);
  const weight = attrs.weighted ? inputs[2] : undefined;
  const [lse, dloss] = inputs.slice(-2);
  const { a, divisor } = coefficients(logits, target, weight, attrs);
  const dz = zeros(logits.shape);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * classes * inner + i;
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += a.data[start + c * inner];
      for (let c = 0; c < classes; c++) {
        const at = start + c * inner;
        const p = Math.exp(logits.data[at] - lse.data[o * inner + i]);
        dz.data[at] = (dloss.data[0] / divisor) * (p * sum - a.data[at]);
      }
    }
  }
  return [dz];
};
