import { describe, test } from 'vitest';
import { adam } from '../../src/ops/adam.js';
import { checkUpdates, parameterShapes } from '../support/updates.js';

interface Options {
  readonly decoupled?: boolean;
  readonly decay?: number;
  readonly clip?: boolean;
  readonly eps?: number;
}

const betas = [0.9, 0.98] as const;
const decays = (decay: number): number[] => parameterShapes.map(({ length }) => (length > 1 ? decay : 0));
const multipliers = parameterShapes.map((_, i) => (i === 1 ? 10 : 1));

const steps = (title: string, { decoupled = false, decay = 0, clip = false, eps = 1e-8 }: Options): void =>
  test(title, () =>
    checkUpdates({
      title,
      kept: ['parameters', 'firstMoments', 'secondMoments'],
      fresh: ['gradients'],
      start: { firstMoments: () => 0, secondMoments: () => 0 },
      scalars: (t) => ({
        lr: 0.002 * t,
        biasCorrection1: 1 - betas[0] ** t,
        biasCorrection2: 1 - betas[1] ** t,
        ...(clip ? { coefficient: 0.3 } : {}),
      }),
      build: (lists, scalars) => {
        const { parameters, gradients, firstMoments, secondMoments } = lists;
        const { lr, biasCorrection1, biasCorrection2, coefficient } = scalars;
        const result = adam(
          { parameters, gradients, firstMoments, secondMoments, lr, biasCorrection1, biasCorrection2, coefficient },
          { betas, eps, decoupled, weightDecay: decays(decay), lrMultiplier: multipliers },
        );
        return [result.parameters, result.firstMoments, result.secondMoments];
      },
      rule({ parameters, gradients, firstMoments, secondMoments }, scalars, tensor) {
        const rate = scalars.lr * multipliers[tensor];
        const weightDecay = decays(decay)[tensor];
        let gradient = (scalars.coefficient ?? 1) * gradients;
        if (!decoupled) gradient += weightDecay * parameters;
        const shrunk = decoupled ? parameters - rate * weightDecay * parameters : parameters;
        const m = betas[0] * firstMoments + (1 - betas[0]) * gradient;
        const v = betas[1] * secondMoments + (1 - betas[1]) * gradient * gradient;
        const denominator = Math.sqrt(v) / Math.sqrt(scalars.biasCorrection2) + eps;
        return [shrunk - ((rate / scalars.biasCorrection1) * m) / denominator, m, v];
      },
    }),
  );

describe('adam', () => {
  steps('Adam', {});
  steps('Adam with decay', { decay: 0.05 });
  steps('AdamW', { decoupled: true, decay: 0.05 });
  steps('AdamW, clipped', { decoupled: true, decay: 0.05, clip: true });
  steps('large eps', { eps: 0.1 });
});
