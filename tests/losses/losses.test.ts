import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { binaryCrossEntropy } from '../../src/losses/binary-cross-entropy.js';
import { crossEntropyLoss } from '../../src/losses/cross-entropy.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';

const logits = input('logits', [2, 3]);
const target = input('target', [2], 'i32');
const feeds = new Map([
  [logits, array([2, 3], [2, 1, 0.1, 0.5, 2.5, 0.3])],
  [target, array([2], [0, 1])],
]);
const value = (loss: Tensor): number => evaluate([loss], feeds)[0].data[0];

test('cross entropy smooths in training only (golden values of CVNets)', () => {
  const loss = (training: boolean) => crossEntropyLoss(logits, target, { training }, { label_smoothing: 0.1 });
  expect(value(loss(true))).toBeCloseTo(0.436873, 6);
  expect(value(loss(false))).toBeCloseTo(0.31854, 6);
});

describe('binary cross entropy', () => {
  const [x, t] = [input('x', [2, 2]), input('t', [2, 2])];
  const values = { x: [0, 3, -40, 0.5], t: [1, 0.25, 0, 0] };
  const binaryFeeds = new Map([
    [x, array([2, 2], values.x)],
    [t, array([2, 2], values.t)],
  ]);
  const expected = values.x.map((z, i) => Math.max(z, 0) - z * values.t[i] + Math.log1p(Math.exp(-Math.abs(z))));
  const sum = expected.reduce((a, b) => a + b);

  test.each([
    ['mean', sum / 4],
    ['sum', sum],
    ['batch_mean', sum / 2],
  ] as const)('%s', (reduction, result) => {
    expect(evaluate([binaryCrossEntropy(x, t, { reduction })], binaryFeeds)[0].data[0]).toBeCloseTo(result, 12);
  });

  test('has the gradient σ(x) - t, at 0 too', () => {
    const [dx] = gradients(binaryCrossEntropy(x, t, { reduction: 'sum' }), [x]);
    const [result] = evaluate([dx], binaryFeeds);
    values.x.forEach((z, i) => {
      expect(result.data[i]).toBeCloseTo(1 / (1 + Math.exp(-z)) - values.t[i], 12);
    });
  });

  test('refuses class numbers', () => {
    expect(() => binaryCrossEntropy(logits, target)).toThrow('but needs f32[2,3]');
  });
});
