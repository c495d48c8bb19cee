import type { AccumulateAttrs } from '../../src/ops/accumulate.js';
import type { AdamAttrs } from '../../src/ops/adam.js';
import type { EmaAttrs } from '../../src/ops/ema.js';
import type { GlobalNormAttrs } from '../../src/ops/global-norm.js';
import type { SgdAttrs } from '../../src/ops/sgd.js';
import { map, number, type RefArray, type ReferenceRule } from './array.js';

/** The lists of a multi-tensor operator, `count` tensors each, and the scalars that follow them. */
function lists(inputs: readonly RefArray[], count: number, number: number): [RefArray[][], readonly RefArray[]] {
  const list = (i: number): RefArray[] => inputs.slice(i * count, (i + 1) * count);
  return [Array.from({ length: number }, (_, i) => list(i)), inputs.slice(number * count)];
}

/** Euclidean norm of all gradients together, and min(1, maxNorm/(norm + 1e-6)); no limit gives 1. */
export const globalNorm: ReferenceRule<GlobalNormAttrs> = (grads, { maxNorm }) => {
  let squares = 0;
  for (const { data } of grads) for (const value of data) squares += value * value;
  const norm = Math.sqrt(squares);
  return [number(norm), number(maxNorm ? Math.min(1, maxNorm / (norm + 1e-6)) : 1)];
};

/** g = clip·grad + wd·p;  v = momentum·v + g;  p −= lr·(nesterov ? g + momentum·v : v)   (torch.optim.SGD) */
export const sgd: ReferenceRule<SgdAttrs> = (inputs, attrs) => {
  const { count, momentum, nesterov, weightDecay, lrMultiplier, clipped } = attrs;
  const [[params, grads, momenta], [lr, coefficient]] = lists(inputs, count, 3);
  const clip = clipped ? coefficient.data[0] : 1;
  const g = (t: number, i: number): number => clip * grads[t].data[i] + weightDecay[t] * params[t].data[i];
  const v = momenta.map((m, t) => map(m, (value, i) => momentum * value + g(t, i)));
  const p = params.map((param, t) =>
    map(param, (value, i) => {
      const direction = nesterov ? g(t, i) + momentum * v[t].data[i] : v[t].data[i];
      return value - lr.data[0] * lrMultiplier[t] * direction;
    }),
  );
  return [...p, ...v];
};

/**
 * m = β₁·m + (1 − β₁)·g;  v = β₂·v + (1 − β₂)·g²;  p −= lr·(m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + eps)
 *
 * Weight decay is added to g (Adam), or shrinks p by lr·wd first (AdamW): torch.optim.
 */
export const adam: ReferenceRule<AdamAttrs> = (inputs, attrs) => {
  const { count, betas, eps, decoupled, weightDecay, lrMultiplier, clipped } = attrs;
  const [[params, grads, firsts, seconds], [lr, correction1, correction2, coefficient]] = lists(inputs, count, 4);
  const clip = clipped ? coefficient.data[0] : 1;
  const g = (t: number, i: number): number =>
    clip * grads[t].data[i] + (decoupled ? 0 : weightDecay[t] * params[t].data[i]);
  const m = firsts.map((first, t) => map(first, (value, i) => betas[0] * value + (1 - betas[0]) * g(t, i)));
  const v = seconds.map((second, t) => map(second, (value, i) => betas[1] * value + (1 - betas[1]) * g(t, i) ** 2));
  const p = params.map((param, t) => {
    const rate = lr.data[0] * lrMultiplier[t];
    return map(param, (value, i) => {
      const decayed = decoupled ? value * (1 - rate * weightDecay[t]) : value;
      const scale = Math.sqrt(v[t].data[i] / correction2.data[0]) + eps;
      return decayed - (rate * (m[t].data[i] / correction1.data[0])) / scale;
    });
  });
  return [...p, ...m, ...v];
};

export const ema: ReferenceRule<EmaAttrs> = (inputs, { count, momentum }) => {
  const [[values, averages]] = lists(inputs, count, 2);
  return averages.map((average, t) => map(average, (old, i) => (1 - momentum) * old + momentum * values[t].data[i]));
};

export const accumulate: ReferenceRule<AccumulateAttrs> = (inputs, { count }) => {
  const [[sums, grads], [factor]] = lists(inputs, count, 2);
  return sums.map((sum, t) => map(sum, (value, i) => value + factor.data[0] * grads[t].data[i]));
};
