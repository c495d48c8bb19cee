import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logSoftmax, softmax } from '../../src/ops/softmax.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const functions = { softmax, logSoftmax };
const names = ['softmax', 'logSoftmax'] as const;

function along(name: keyof typeof functions, x: Shape, axis: number, reach = 4): OpCase {
  return {
    title: `${name} [${x}] axis ${axis} within ±${reach}`,
    inputs: { x: { shape: x, values: (random) => random.uniform(-reach, reach) } },
    build: ({ x }) => functions[name](x, axis),
  };
}

describeOp(
  'softmax',
  names.flatMap((name) => [
    along(name, [4, 10], 1),
    along(name, [3, 1000], -1),
    along(name, [2, 17], 0),
    along(name, [2, 5, 4, 3], 1),
    along(name, [2, 5, 4, 3], 3),
    along(name, [2, 3, 7, 2], 2),
    along(name, [2, 3, 4, 2], 0),
    along(name, [1, 1], 1),
    along(name, [2, 3, 5], 1),
    // The gradient of a softmax that is all but one-hot cancels in float32: its forward pass only.
    { ...along(name, [3, 7], 1, 200), differentiable: 0 },
    along(name, [65], 0),
  ]),
  {
    arbitrary: fc
      .tuple(fc.constantFrom(...names), shapes(1, 5), fc.nat(4))
      .map(([name, shape, axis]) => along(name, shape, axis % shape.length)),
    runs: 25,
  },
);

test('large logits do not overflow', () => {
  const x = input('x', [1, 3]);
  const [y, logs] = evaluate([softmax(x), logSoftmax(x)], new Map([[x, array([1, 3], [1e4, 1e4, 0])]]));
  expect([...y.data]).toEqual([0.5, 0.5, 0]);
  expect(logs.data[2]).toBeCloseTo(-1e4 - Math.LN2, 9);
});
