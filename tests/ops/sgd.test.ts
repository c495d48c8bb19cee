import { describe, expect, test } from 'vitest';
import { type SgdAttrs, sgd } from '../../src/ops/sgd.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { checkUpdates, parameterShapes } from '../support/updates.js';

type Options = Partial<Pick<SgdAttrs, 'momentum' | 'nesterov'>> & { decay?: number; clip?: boolean };

/** Biases and norms are not decayed, and one tensor learns slower. */
const decays = (decay: number): number[] => parameterShapes.map(({ length }) => (length > 1 ? decay : 0));
const multipliers = parameterShapes.map((_, i) => (i === 2 ? 0.1 : 1));

const steps = (title: string, { momentum = 0.9, nesterov = false, decay = 0, clip = false }: Options): void =>
  test(title, () =>
    checkUpdates({
      title,
      kept: ['parameters', 'momenta'],
      fresh: ['gradients'],
      start: { momenta: () => 0 },
      scalars: (t) => ({ lr: 0.1 / t, ...(clip ? { coefficient: 0.5 / t } : {}) }),
      build: ({ parameters, gradients, momenta }, { lr, coefficient }) => {
        const attrs = { momentum, nesterov, weightDecay: decays(decay), lrMultiplier: multipliers };
        const result = sgd({ parameters, gradients, momenta, lr, coefficient }, attrs);
        return [result.parameters, result.momenta];
      },
      rule({ parameters, gradients, momenta }, { lr, coefficient = 1 }, tensor) {
        const gradient = coefficient * gradients + decays(decay)[tensor] * parameters;
        const velocity = momentum * momenta + gradient;
        const direction = nesterov ? gradient + momentum * velocity : velocity;
        return [parameters - lr * multipliers[tensor] * direction, velocity];
      },
    }),
  );

describe('sgd', () => {
  steps('plain', { momentum: 0 });
  steps('momentum', {});
  steps('Nesterov momentum with decay', { nesterov: true, decay: 4e-2 });
  steps('decay and clipping', { decay: 1e-2, clip: true });
  steps('Nesterov, clipped', { nesterov: true, clip: true });
});

test('lists must have the same shapes', () => {
  const [a, b] = [input('a', [2]), input('b', [3])];
  const attrs = { momentum: 0, nesterov: false, weightDecay: [0], lrMultiplier: [1] };
  const operands = { parameters: [a], gradients: [b], momenta: [a], lr: scalar('lr') };
  expect(() => sgd(operands, attrs)).toThrow('sgd got gradient 0 [3], but needs [2]');
});
