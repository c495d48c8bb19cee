import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globalNorm } from '../../src/ops/global-norm.js';
import { square } from '../../src/ops/index.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

function clipped(list: readonly Shape[], maxNorm: number, computed = false): OpCase {
  const names = list.map((_, i) => `gradient ${i}`);
  return {
    title: `${list.map((shape) => `[${shape}]`).join(' ')} to ${maxNorm}${computed ? ', computed' : ''}`,
    inputs: Object.fromEntries(list.map((shape, i) => [names[i], shape])),
    build: (tensors) => {
      const grads = names.map((name) => (computed ? square(tensors[name]) : tensors[name]));
      const { norm, coefficient } = globalNorm(grads, maxNorm);
      return [norm, coefficient];
    },
    differentiable: 0,
  };
}

describeOp(
  'globalNorm',
  [
    clipped([[5]], 0),
    clipped([[1], [1]], 1e9),
    clipped([[2, 5, 3, 3], [5], [17, 5, 1, 1], [17], [10, 17], [10]], 1),
    clipped([[2, 5, 3, 3], [5], [63], [64], [65], [1]], 0.5, true),
    clipped([[9000], [3]], 2),
    clipped([[64], [128], [64]], 0),
  ],
  { arbitrary: fc.array(shapes(1, 4), { minLength: 1, maxLength: 6 }).map((list) => clipped(list, 1)) },
);

test('clips as torch.nn.utils.clip_grad_norm_', () => {
  const g = input('g', [2]);
  const { norm, coefficient } = globalNorm([g], 1);
  const [n, c] = evaluate([norm, coefficient], new Map([[g, array([2], [3, 4])]]));
  expect(n.data[0]).toBe(5);
  expect(c.data[0]).toBe(1 / (5 + 1e-6));
});
