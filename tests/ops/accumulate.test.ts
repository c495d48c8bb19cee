import { describe, test } from 'vitest';
import { accumulate } from '../../src/ops/accumulate.js';
import { checkUpdates } from '../support/updates.js';

describe('accumulate', () => {
  test('sums gradients, times a factor that may change', () =>
    checkUpdates({
      title: 'accumulate',
      kept: ['sums'],
      fresh: ['gradients'],
      scalars: (t) => ({ factor: 1 / t }),
      build: ({ sums, gradients }, { factor }) => [accumulate(sums, gradients, factor)],
      rule: ({ sums, gradients }, { factor }) => [sums + factor * gradients],
    }));

  test('one tensor', () =>
    checkUpdates({
      title: 'one tensor',
      shapes: [[2, 3, 3, 3]],
      kept: ['sums'],
      fresh: ['gradients'],
      scalars: () => ({ factor: 1 }),
      build: ({ sums, gradients }, { factor }) => [accumulate(sums, gradients, factor)],
      rule: ({ sums, gradients }) => [sums + gradients],
    }));
});
