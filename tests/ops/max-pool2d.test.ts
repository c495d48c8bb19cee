import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { sum } from '../../src/ops/index.js';
import { type MaxPool2dOptions, maxPool2d } from '../../src/ops/max-pool2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { describeOp, type OpCase, type Operand } from '../support/describe-op.js';
import { windows } from '../support/windows.js';

/** Both outputs: the maxima and where they are. */
const withIndex = (y: Tensor): readonly Tensor[] => y.node.outputs;

/** Distinct values, so that no difference quotient crosses a tie. */
const distinct = (shape: Shape): Operand => ({ shape, values: (random, i) => Math.fround(random.uniform() + i / 1e3) });

function pool(x: Shape, options: MaxPool2dOptions): OpCase {
  return {
    title: `[${x}] ${JSON.stringify(options)}`,
    inputs: { x: distinct(x) },
    build: ({ x }) => withIndex(maxPool2d(x, options)),
    differentiable: 1,
  };
}

const ties = (title: string, values: Operand['values']): OpCase => ({
  title,
  inputs: { x: { shape: [2, 5, 6, 7], values } },
  build: ({ x }) => withIndex(maxPool2d(x, { kernel: 3, stride: 2, padding: 1 })),
  differentiable: 1,
  smooth: false,
});

describeOp(
  'maxPool2d',
  [
    pool([2, 5, 8, 8], { kernel: 2 }),
    pool([1, 3, 7, 9], { kernel: 3, stride: 2, padding: 1 }),
    pool([1, 17, 5, 5], { kernel: 3, stride: 1, padding: 1 }),
    pool([1, 1, 1, 1], { kernel: 1 }),
    pool([3, 4, 1, 1], { kernel: 3, padding: 1 }),
    pool([1, 16, 9, 9], { kernel: [3, 2], stride: [2, 1], padding: [1, 0, 0, 1] }),
    pool([1, 3, 8, 8], { kernel: 3, stride: 2, padding: [0, 1, 0, 1] }),
    pool([1, 2, 9, 9], { kernel: 2, stride: 2, dilation: 3 }),
    pool([2, 6, 7, 7], { kernel: 2, stride: 3 }),
    pool([1, 4, 6, 6], { kernel: 5, stride: 1, padding: 2 }),
    ties('ties everywhere', () => 1),
    ties('ties among few values', (random) => random.integer(2)),
    ties('all negative: padding must not win', (random) => random.uniform(-9, -5)),
    ties('minus infinity cannot be told from padding', (random) => -3e38 + 1e37 * random.next()),
  ],
  {
    arbitrary: fc
      .tuple(windows, fc.constantFrom(1, 2))
      .map(([{ x, ...window }, dilation]) => pool(x, { ...window, dilation })),
  },
);

test('the first of equal maxima gets the gradient', () => {
  const x = input('x', [1, 1, 2, 4]);
  const y = maxPool2d(x, { kernel: 2 });
  const [dx] = gradients(sum(y), [x]);
  const [index, grad] = evaluate([y.node.outputs[1], dx], new Map([[x, array(x.shape, [1, 2, 3, 3, 2, 2, 3, 3])]]));
  expect([...index.data]).toEqual([1, 0]);
  expect([...grad.data]).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
});

test('a window of padding only has no maximum', () => {
  expect(() => maxPool2d(input('x', [1, 1, 4, 4]), { kernel: 2, padding: 2 })).toThrow('lies outside 4x4');
});
