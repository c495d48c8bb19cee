import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CrossEntropyAttrs, crossEntropy } from '../../src/ops/cross-entropy.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { describeOp, type OpCase, type Operand } from '../support/describe-op.js';

interface Variant extends Partial<CrossEntropyAttrs> {
  readonly weighted?: boolean;
  /** Probabilities instead of class indices. */
  readonly soft?: boolean;
  /** Chance that a target is the ignored index. */
  readonly ignored?: number;
}

/** The loss and the log-sum-exp; only the loss has a gradient. */
function loss(logits: Shape, { weighted, soft, ignored = 0, ...attrs }: Variant = {}): OpCase {
  const [n, classes, ...space] = logits;
  const { ignoreIndex = -1 } = attrs;
  const indices: Operand = {
    shape: [n, ...space],
    dtype: 'i32',
    values: (random, i) => (i > 0 && random.next() < ignored ? ignoreIndex : random.integer(classes)),
  };
  const probabilities: Operand = {
    shape: logits,
    values: (random) => random.uniform(0, 2 / classes),
    differentiable: false,
  };
  return {
    title: `[${logits}] ${JSON.stringify({ weighted, soft, ignored, ...attrs })}`,
    inputs: {
      logits: { shape: logits, values: (random) => random.uniform(-3, 3) },
      target: soft ? probabilities : indices,
      ...(weighted
        ? { weight: { shape: [classes], values: (random) => random.uniform(0.1, 2), differentiable: false } }
        : {}),
    },
    build: ({ logits, target, weight }) => crossEntropy(logits, target, { ...attrs, weight }).node.outputs,
    differentiable: 1,
  };
}

const random = fc
  .record({
    n: fc.integer({ min: 1, max: 5 }),
    classes: fc.constantFrom(1, 2, 3, 5, 10, 17, 33),
    space: fc.oneof(fc.constant([]), fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))),
    labelSmoothing: fc.constantFrom(0, 0.1),
    reduction: fc.constantFrom('mean' as const, 'sum' as const),
    weighted: fc.boolean(),
    soft: fc.boolean(),
    ignored: fc.constantFrom(0, 0.4),
  })
  .map(({ n, classes, space, ...variant }) => loss([n, classes, ...space], variant));

describeOp(
  'crossEntropy',
  [
    loss([4, 10]),
    loss([3, 1000], { labelSmoothing: 0.1 }),
    loss([5, 3], { weighted: true }),
    loss([5, 7], { weighted: true, labelSmoothing: 0.2, ignored: 0.5 }),
    loss([6, 5], { ignoreIndex: 255, ignored: 0.5, reduction: 'sum' }),
    loss([4, 6], { soft: true }),
    loss([4, 6], { soft: true, labelSmoothing: 0.1, weighted: true }),
    loss([4, 6], { soft: true, reduction: 'sum' }),
    loss([2, 5, 4, 3], { ignored: 0.3, ignoreIndex: 255 }),
    loss([2, 3, 4, 3], { soft: true, labelSmoothing: 0.1 }),
    loss([1, 17, 1, 1], { labelSmoothing: 0.1, weighted: true }),
    loss([2, 3, 5], { weighted: true }),
    loss([1, 1]),
    loss([70, 11], { labelSmoothing: 0.1 }),
  ],
  { arbitrary: random, runs: 25 },
);

test('the toy values of the original', () => {
  const [logits, target] = [input('logits', [2, 3]), input('target', [2], 'i32')];
  const feeds = new Map([
    [logits, array([2, 3], [2, 1, 0.1, 0.5, 2.5, 0.3])],
    [target, array([2], [0, 1])],
  ]);
  const losses = [0.1, 0].map((labelSmoothing) => crossEntropy(logits, target, { labelSmoothing }));
  const [smoothed, plain] = evaluate(losses, feeds);
  expect(smoothed.data[0]).toBeCloseTo(0.436873, 6);
  expect(plain.data[0]).toBeCloseTo(0.31854, 6);
});

test('names the targets that do not fit', () => {
  expect(() => crossEntropy(input('logits', [2, 3]), input('target', [3], 'i32'))).toThrow('got target i32[3]');
});
