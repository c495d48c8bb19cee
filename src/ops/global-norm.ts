import type { Tensor } from '../tensor/tensor.js';
import { expectCount, expectFloat } from './check.js';
import { apply, elements, type Op } from './op.js';

export interface GlobalNormAttrs {
  /** Clip to this norm; 0: do not clip. */
  readonly maxNorm: number;
}

/**
 * L2 norm over all gradients together and the factor that clips them, min(1, maxNorm / (norm + 1e-6)),
 * as torch.nn.utils.clip_grad_norm_ does.
 */
export const globalNormOp = {
  name: 'globalNorm',

  infer(inputs) {
    expectCount('globalNorm', inputs, 1, Number.POSITIVE_INFINITY);
    expectFloat('globalNorm', inputs);
    return [
      { shape: [], dtype: 'f32' },
      { shape: [], dtype: 'f32' },
    ];
  },

  groups: (inputs) => [[0, inputs.length]],

  cost: (inputs) => ({ flops: 2 * inputs.reduce((n, x) => n + elements(x), 0) }),
} satisfies Op<GlobalNormAttrs>;

export function globalNorm(grads: readonly Tensor[], maxNorm = 0): { norm: Tensor; coefficient: Tensor } {
  const [norm, coefficient] = apply(globalNormOp, grads, { maxNorm });
  return { norm, coefficient };
}
