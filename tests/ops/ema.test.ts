import { describe, test } from 'vitest';
import { ema } from '../../src/ops/ema.js';
import { checkUpdates } from '../support/updates.js';

describe('ema', () => {
  test.each([5e-4, 0.1, 1])('momentum %f', (momentum) =>
    checkUpdates({
      title: `momentum ${momentum}`,
      kept: ['averages'],
      fresh: ['values'],
      build: ({ values, averages }) => [ema(values, averages, momentum)],
      rule: ({ values, averages }) => [averages * (1 - momentum) + momentum * values],
    }),
  );
});
