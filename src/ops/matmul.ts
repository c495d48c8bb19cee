import { type Shape, sameShape } from '../tensor/shape.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat, expectShape } from './check.js';
import { apply, elements, type Op } from './op.js';
import { sum } from './reduce.js';
import { reshape } from './reshape.js';
import { transpose } from './transpose.js';

export interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: Tensor;
}

/** Rows and columns of the last two axes after the optional transposition. */
function matrix(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

function outputShape(a: TensorSpec, b: TensorSpec, { transposeA, transposeB }: MatmulAttrs): number[] {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(`matmul got a [${a.shape}] and b [${b.shape}], but needs at least rank 2`);
  }
  const batch = a.shape.slice(0, -2);
  const shared = b.shape.length === 2;
  if (!shared && !sameShape(batch, b.shape.slice(0, -2))) {
    throw new ShapeError(
      `matmul got a [${a.shape}] and b [${b.shape}], but their batch dimensions differ`,
      'make them equal, or b a matrix',
    );
  }
  const [m, k] = matrix(a.shape, transposeA);
  const [needed, n] = matrix(b.shape, transposeB);
  if (k !== needed) {
    const flags = `transposeA=${transposeA}, transposeB=${transposeB}`;
    throw new ShapeError(
      `matmul got a [${a.shape}] with ${k} columns, but b [${b.shape}] has ${needed} rows (${flags})`,
    );
  }
  return [...batch, m, n];
}

/** [..., M, K] to [P, K]: all rows of all matrices. */
function rowsOf(x: Tensor): Tensor {
  return x.rank === 2 ? x : reshape(x, [-1, x.shape[x.rank - 1]]);
}

function swapLastAxes(x: Tensor): Tensor {
  const order = x.shape.map((_, i) => i);
  return transpose(x, [...order.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** y = op(a) · op(b) + bias over the last two axes; a matrix b is shared by the whole batch. */
export const matmulOp = {
  name: 'matmul',

  infer(inputs, attrs) {
    expectCount('matmul', inputs, 2, 3);
    expectFloat('matmul', inputs, 'a', 'b', 'bias');
    const [a, b, bias] = inputs;
    const shape = outputShape(a, b, attrs);
    if (bias) expectShape('matmul', 'bias', bias, [shape[shape.length - 1]]);
    return [{ shape, dtype: 'f32' }];
  },

  gradient({ inputs: [a, b], attrs: { transposeA, transposeB }, grads: [grad], needs }) {
    const dy = grad!;
    const shared = b.rank === 2 && a.rank > 2;
    const gradA = (): Tensor => {
      if (!transposeA) return matmul(dy, b, { transposeB: !transposeB });
      if (shared) return swapLastAxes(matmul(dy, b, { transposeB: !transposeB }));
      return matmul(b, dy, { transposeA: transposeB, transposeB: true });
    };
    const gradB = (): Tensor => {
      const left = shared ? rowsOf(transposeA ? swapLastAxes(a) : a) : a;
      const right = shared ? rowsOf(dy) : dy;
      const transposed = transposeA && !shared;
      if (transposeB) return matmul(right, left, { transposeA: true, transposeB: transposed });
      return matmul(left, right, { transposeA: !transposed });
    };
    const rows = dy.shape.slice(0, -1).map((_, i) => i);
    return [
      needs[0] ? gradA() : undefined,
      needs[1] ? gradB() : undefined,
      needs[2] ? sum(dy, { axes: rows }) : undefined,
    ];
  },

  cost([a], [y], { transposeA }) {
    const macs = elements(y) * Math.abs(matrix(a.shape, transposeA)[1]);
    return { flops: 2 * macs, macs };
  },
} satisfies Op<MatmulAttrs>;

export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, bias }: MatmulOptions = {},
): Tensor {
  return apply(matmulOp, bias ? [a, b, bias] : [a, b], { transposeA, transposeB })[0];
}

/** Fully connected layer: x [..., I] with weight [O, I] and bias [O] gives [..., O]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return matmul(x, weight, { transposeB: true, bias });
}
