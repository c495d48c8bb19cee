import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import * as ops from '../../src/ops/index.js';
import { apply } from '../../src/ops/op.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { size } from '../../src/tensor/shape.js';
import { readState, State, traceStates } from '../../src/tensor/state.js';
import { input, scalar, type Tensor, withScope } from '../../src/tensor/tensor.js';
import { PhiloxSequence } from '../../src/utils/random.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';

const f32 = (name: string, ...shape: number[]): Tensor => input(name, shape);
const names = (roots: Tensor[]): string[] =>
  reachableNodes(roots)
    .filter((node) => !node.source)
    .map((node) => node.op);

test('gradients have the shapes of what they belong to', () => {
  const x = f32('x', 2, 3, 8, 8);
  const w = f32('w', 4, 3, 3, 3);
  const bias = f32('b', 4);
  const loss = ops.mean(ops.relu(ops.conv2d(x, w, { bias, padding: 1 })));
  expect(gradients(loss, [x, w, bias]).map(({ shape }) => shape)).toEqual([x.shape, w.shape, bias.shape]);
});

test('work for inputs that need no gradient is left out', () => {
  const [x, w] = [f32('x', 2, 3, 8, 8), f32('w', 4, 3, 3, 3)];
  const loss = ops.sum(ops.conv2d(x, w));
  expect(names(gradients(loss, [w]))).not.toContain('conv2dBackwardInput');
  expect(names(gradients(loss, [w]))).toContain('conv2dBackwardWeight');
  expect(names(gradients(loss, [x]))).not.toContain('conv2dBackwardWeight');
});

test('several uses of a tensor are summed', () => {
  const x = f32('x', 3);
  const [dx] = gradients(ops.sum(ops.mul(x, x)), [x]);
  expect(dx.node.op).toBe('binary');
  expect(dx.node.attrs).toEqual({ kind: 'add' });
});

test('the same graph is built every time', () => {
  const build = (): string[] => {
    const [a, b] = [f32('a', 4, 5), f32('b', 5)];
    const y = ops.add(ops.mul(a, b), ops.exp(ops.mul(a, 2)));
    return names(gradients(ops.mean(ops.mul(y, y)), [a, b]));
  };
  expect(build()).toEqual(build());
});

test('an intermediate tensor has a gradient, and nothing below it is visited', () => {
  const x = f32('x', 3);
  const middle = ops.exp(x);
  const [grad] = gradients(ops.sum(ops.square(middle)), [middle]);
  expect(names([grad]).filter((name) => name === 'unary')).toHaveLength(1); // exp itself, as the value of `middle`
});

test('gradient nodes carry the layer of their forward node', () => {
  const [x, w] = [f32('x', 2, 3), f32('w', 4, 3)];
  const y = withScope('head', () => withScope('fc', () => ops.linear(x, w)));
  const [dw] = gradients(ops.mean(y), [w]);
  expect(dw.node.scope).toBe('head.fc');
});

test('a transposed convolution is differentiated too', () => {
  const [dy, w] = [f32('dy', 2, 4, 3, 3), f32('w', 4, 3, 3, 3)];
  const attrs = { stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
  const [x] = apply(ops.ops.conv2dBackwardInput, [dy, w], { ...attrs, inputShape: [2, 3, 6, 5] });
  const weights = f32('weights', ...x.shape);
  const grads = gradients(ops.sum(ops.mul(x, weights)), [dy, w]);
  expect(grads.map(({ node }) => node.op)).toEqual(['conv2d', 'conv2dBackwardWeight']);

  // The result is linear in dy and in w, so it equals <gradient, operand> for each.
  const random = new PhiloxSequence(1, 2);
  const feeds = new Map(
    [dy, w, weights].map((tensor) => {
      const length = size(tensor.shape);
      return [
        tensor,
        array(
          tensor.shape,
          Float64Array.from({ length }, () => random.normal()),
        ),
      ] as const;
    }),
  );
  const value = (y: Tensor): number => evaluate([ops.sum(y)], feeds)[0].data[0];
  expect(value(ops.mul(grads[0], dy))).toBeCloseTo(value(ops.mul(x, weights)), 9);
  expect(value(ops.mul(grads[1], w))).toBeCloseTo(value(ops.mul(x, weights)), 9);
});

test('the loss with respect to itself is 1', () => {
  const x = f32('x');
  expect(gradients(x, [x])[0].node.attrs).toEqual({ shape: [], value: 1 });
});

describe('broadcast operands', () => {
  test.each([
    [[2, 3, 4], [4]],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [[2, 3, 4], []],
    [
      [2, 1],
      [1, 5],
    ],
    [[3], [2, 3]],
  ])('[%s] with [%s]', (a, b) => {
    for (const op of [ops.add, ops.sub, ops.mul, ops.div]) {
      const [x, y] = [f32('x', ...a), f32('y', ...b)];
      expect(gradients(ops.sum(op(x, y)), [x, y]).map(({ shape }) => shape)).toEqual([a, b]);
    }
  });
});

describe('matrix products', () => {
  test.each([
    [
      [3, 4],
      [4, 5],
    ],
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    [
      [2, 6, 3, 4],
      [4, 5],
    ],
  ])('[%s] by [%s]', (a, b) => {
    const swap = (shape: number[]): number[] => [
      ...shape.slice(0, -2),
      shape[shape.length - 1],
      shape[shape.length - 2],
    ];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const [x, y] = [f32('a', ...(transposeA ? swap(a) : a)), f32('b', ...(transposeB ? swap(b) : b))];
        const bias = f32('bias', 5);
        const loss = ops.sum(ops.matmul(x, y, { transposeA, transposeB, bias }));
        expect(gradients(loss, [x, y, bias]).map(({ shape }) => shape)).toEqual([x.shape, y.shape, [5]]);
      }
    }
  });
});

describe('shape operators give back what they took', () => {
  const x = f32('x', 2, 6, 5, 4);
  test.each<[string, Tensor]>([
    ['reshape', ops.reshape(x, [4, -1])],
    ['transpose', ops.transpose(x, [3, 1, 0, 2])],
    ['slice', ops.slice(x, [0, 1, 0, 1], [2, 2, 3, 2], [1, 3, 2, 1])],
    ['pad', ops.pad(x, [0, 1, 0, 2], [1, 0, 0, 0])],
    ['expand', ops.expand(ops.reshape(x, [2, 6, 1, 20]), [2, 6, 3, 20])],
    ['concat', ops.concat([x, x, ops.relu(x)], 2)],
    ['resize2d', ops.resize2d(x, { size: 3 })],
    ['maxPool2d', ops.maxPool2d(x, { kernel: 2 })],
    ['avgPool2d', ops.avgPool2d(x, { kernel: 2 })],
    ['softmax', ops.softmax(x, 1)],
    ['logSoftmax', ops.logSoftmax(x, 1)],
    ['mean', ops.mean(x, { axes: [1, 3] })],
  ])('%s', (_, y) => {
    expect(gradients(ops.sum(ops.square(y)), [x])[0].shape).toEqual(x.shape);
  });
});

test('dropout draws the same mask for the gradient', () => {
  const x = f32('x', 8);
  const counter = scalar('counter', 'u32');
  const attrs = { p: 0.5, seed: 1, stream: 3 };
  const [dx] = gradients(ops.sum(ops.dropout(x, counter, attrs)), [x]);
  expect(dx.node.op).toBe('dropout');
  expect(dx.node.attrs).toEqual(attrs);
  expect(dx.node.inputs[1]).toBe(counter);
});

test('batch norm saves its statistics and gives dx, dgamma, dbeta in one node', () => {
  const [x, gamma, beta, mean, variance] = [f32('x', 4, 3), ...['g', 'b', 'm', 'v'].map((name) => f32(name, 3))];
  const { y } = ops.batchNorm(x, gamma, beta, mean, variance, { activation: 'relu' });
  const grads = gradients(ops.mean(y), [x, gamma, beta]);
  expect(new Set(grads.map(({ node }) => node))).toHaveLength(1);
  expect(grads[0].node.inputs.slice(4)).toEqual(y.node.outputs.slice(1, 3));
});

describe('errors', () => {
  const x = f32('x', 2, 3);

  test('a loss that is not a scalar', () => {
    expect(() => gradients(x, [x])).toThrow('gradients got a loss source');
  });

  test('a state that the loss does not depend on is named', () => {
    traceStates(() => {
      const unused = readState(new State('layer_1.conv.weight', [3], 'parameter', () => new Float32Array(3)));
      const loss = ops.mean(x);
      expect(() => gradients(loss, [unused])).toThrow('the loss does not depend on state layer_1.conv.weight');
      const [zero] = gradients(loss, [unused], { allowUnused: true });
      expect(zero.node.attrs).toEqual({ shape: [3], value: 0 });
    });
  });

  test('an input behind something flat is named', () => {
    expect(() => gradients(ops.sum(ops.sign(x)), [x])).toThrow('does not depend on input x, or only through');
  });

  test('an operator without a gradient says where', () => {
    const y = withScope('head', () => ops.topKCorrect(x, input('t', [2], 'i32'), { k: [1] }));
    expect(() => gradients(ops.sum(y), [x])).toThrow('head: topKCorrect has no gradient');
    expect(() => gradients(ops.sum(ops.maximum(x, 0)), [x])).toThrow('max has no gradient');
  });

  test('the statistics of a batch norm', () => {
    const [gamma, beta, mean, variance] = ['g', 'b', 'm', 'v'].map((name) => f32(name, 3));
    const result = ops.batchNorm(x, gamma, beta, mean, variance);
    expect(() => gradients(ops.sum(result.mean), [x])).toThrow('batchNorm has a gradient for y only');
  });
});
