import { expect, test } from 'vitest';
import { host } from '../../src/ops/host.js';
import { square } from '../../src/ops/index.js';
import { input } from '../../src/tensor/tensor.js';
import { describeOp } from '../support/describe-op.js';

describeOp('host', [
  {
    title: 'between two device steps, channels-last on both sides',
    inputs: { x: [2, 3, 2, 2] },
    build: ({ x }) => {
      const outputs = [
        { shape: [2, 3, 2, 2], dtype: 'f32' },
        { shape: [], dtype: 'f32' },
      ] as const;
      const run = ([values]: readonly ArrayLike<number>[]) => [
        // Every third value is channel 0.
        Float32Array.from(values, (value, i) => (i % 3 === 0 ? -value : value)),
        Float32Array.of(values.length),
      ];
      const [flipped, count] = host([square(x)], { name: 'flip', outputs, run });
      return [square(flipped), flipped, count];
    },
    differentiable: 0,
  },
  {
    title: 'with no device step around it',
    inputs: { x: [5] },
    build: ({ x }) => host([x], { name: 'reverse', outputs: [x], run: ([values]) => [values.slice().reverse()] }),
    differentiable: 0,
  },
]);

test('has no gradient', async () => {
  const { gradients } = await import('../../src/graph/autodiff.js');
  const { sum } = await import('../../src/ops/index.js');
  const x = input('x', [2]);
  const [y] = host([x], { name: 'identity', outputs: [x], run: (values) => values });
  expect(() => gradients(sum(y), [x])).toThrow('host');
});
