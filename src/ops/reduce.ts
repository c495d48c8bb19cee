import { normalizeAxis } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { mul } from './binary.js';
import { expectCount, expectFloat } from './check.js';
import { expand } from './expand.js';
import { fill } from './fill.js';
import { apply, type Op, perElement } from './op.js';
import { reshape } from './reshape.js';

export interface ReduceAttrs {
  readonly kind: 'sum' | 'mean';
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export interface ReduceOptions {
  /** Default: all axes. Negative axes count from the end. */
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

/** Elements of a constant that is worth its memory: a pooled map. */
const MOST_FACTORS = 4096;

/** Sum or mean over axes. */
export const reduceOp = {
  name: 'reduce',

  infer(inputs, { axes, keepDims }) {
    expectCount('reduce', inputs, 1);
    expectFloat('reduce', inputs, 'x');
    const { shape } = inputs[0];
    const chosen = new Set(axes.map((axis) => normalizeAxis(axis, shape.length, 'reduce')));
    if (chosen.size < axes.length) throw new ShapeError(`reduce got axes [${axes}], but each may appear once`);
    const result = keepDims ? shape.map((d, i) => (chosen.has(i) ? 1 : d)) : shape.filter((_, i) => !chosen.has(i));
    return [{ shape: result, dtype: 'f32' }];
  },

  gradient({ inputs: [x], attrs: { kind, axes, keepDims }, grads: [dy] }) {
    const reduced = axes.map((axis) => normalizeAxis(axis, x.rank));
    const kept = x.shape.map((d, i) => (reduced.includes(i) ? 1 : d));
    const dense = keepDims ? dy! : reshape(dy!, kept);
    const count = reduced.reduce((n, axis) => n * x.shape[axis], 1);
    if (kind === 'mean' && count < 0) {
      throw new ShapeError(
        `the gradient of a mean over the batch of [${x.shape}] needs its size`,
        'bind the batch first',
      );
    }
    if (kind === 'sum') return [expand(dense, x.shape)];
    if (count > MOST_FACTORS) return [expand(mul(dense, 1 / count), x.shape)];
    // One product that broadcasts both ways: scaled and expanded in one go.
    const pooled = x.shape.map((d, i) => (reduced.includes(i) ? d : 1));
    return [mul(dense, fill(pooled, 1 / count))];
  },

  cost: perElement(1),
} satisfies Op<ReduceAttrs>;

function reduce(kind: ReduceAttrs['kind'], x: Tensor, { axes, keepDims = false }: ReduceOptions): Tensor {
  const list = axes === undefined ? x.shape.map((_, i) => i) : typeof axes === 'number' ? [axes] : axes;
  const normalized = list.map((axis) => normalizeAxis(axis, x.rank, 'reduce')).sort((a, b) => a - b);
  return apply(reduceOp, [x], { kind, axes: normalized, keepDims })[0];
}

export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('sum', x, options);
}

export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('mean', x, options);
}

/** Undoes broadcasting: sums x over the axes that `shape` was stretched along. */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  const lead = x.rank - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  const summed = axes.length ? sum(x, { axes, keepDims: true }) : x;
  return reshape(summed, shape);
}
