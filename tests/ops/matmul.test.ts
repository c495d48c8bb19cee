import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linear, matmul } from '../../src/ops/matmul.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

interface Product {
  readonly batch?: Shape;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** b is one matrix for the whole batch. */
  readonly shared?: boolean;
  readonly bias?: boolean;
}

function product({ batch = [], m, k, n, transposeA, transposeB, shared, bias }: Product): OpCase {
  const a = [...batch, ...(transposeA ? [k, m] : [m, k])];
  const b = [...(shared ? [] : batch), ...(transposeB ? [n, k] : [k, n])];
  return {
    title: `[${a}]${transposeA ? 'ᵀ' : ''} · [${b}]${transposeB ? 'ᵀ' : ''}${bias ? ' + bias' : ''}`,
    inputs: { a, b, ...(bias ? { bias: [n] } : {}) },
    build: ({ a, b, bias }) => matmul(a, b, { transposeA, transposeB, bias }),
  };
}

const side = fc.constantFrom(1, 2, 3, 4, 5, 8, 13, 17, 33);

const random = fc
  .record({
    batch: fc.oneof(fc.constant([]), fc.tuple(fc.nat(2)), fc.tuple(fc.nat(1), fc.nat(2))),
    m: side,
    k: side,
    n: side,
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    shared: fc.boolean(),
    bias: fc.boolean(),
  })
  .map((each) => product({ ...each, batch: each.batch.map((d) => d + 1) }));

const both = [false, true];

describeOp(
  'matmul',
  [
    product({ m: 1, k: 1, n: 1 }),
    product({ m: 1, k: 17, n: 3, bias: true }),
    product({ m: 65, k: 70, n: 33 }),
    product({ m: 70, k: 130, n: 75, transposeA: true }),
    product({ m: 3, k: 1280, n: 100, transposeB: true, bias: true }),
    product({ m: 17, k: 2100, n: 4 }),
    product({ m: 4, k: 300, n: 10, transposeB: true, bias: true }),
    ...both.flatMap((transposeA) => both.map((transposeB) => product({ m: 5, k: 7, n: 3, transposeA, transposeB }))),
    ...both.flatMap((transposeA) =>
      both.map((transposeB) => product({ batch: [2, 3], m: 4, k: 5, n: 6, transposeA, transposeB })),
    ),
    ...both.flatMap((transposeA) =>
      both.map((transposeB) =>
        product({ batch: [3], m: 4, k: 5, n: 7, transposeA, transposeB, shared: true, bias: true }),
      ),
    ),
    {
      title: 'linear over two leading axes',
      inputs: { x: [2, 3, 17], w: [5, 17], bias: [5] },
      build: ({ x, w, bias }) => linear(x, w, bias),
    },
  ],
  { arbitrary: random, runs: 25 },
);

test('names the columns that do not fit', () => {
  expect(() => matmul(input('a', [2, 3]), input('b', [4, 5]))).toThrow('matmul got a [2,3] with 3 columns');
});
