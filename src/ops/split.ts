import { normalizeAxis } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectInteger } from './check.js';
import { concat } from './concat.js';
import { fill } from './fill.js';
import { apply, type Op, perElement } from './op.js';

export interface SplitAttrs {
  readonly axis: number;
  /** Lengths of the parts along the axis. */
  readonly sizes: readonly number[];
}

/** Cuts a tensor into parts along one axis: the opposite of concat. */
export const splitOp = {
  name: 'split',

  infer(inputs, { axis, sizes }) {
    expectCount('split', inputs, 1);
    const [{ shape, dtype }] = inputs;
    const along = normalizeAxis(axis, shape.length, 'split');
    for (const size of sizes) expectInteger('split', 'a size', size, 1);
    if (sizes.reduce((sum, size) => sum + size, 0) !== shape[along]) {
      throw new ShapeError(`split got sizes [${sizes}], which do not add up to axis ${along} of [${shape}]`);
    }
    return sizes.map((size) => ({ shape: shape.map((d, i) => (i === along ? size : d)), dtype }));
  },

  gradient: ({ outputs, attrs: { axis }, grads }) => [
    concat(
      outputs.map(({ shape }, i) => grads[i] ?? fill(shape, 0)),
      axis,
    ),
  ],

  cost: perElement(0),
} satisfies Op<SplitAttrs>;

/** Parts of the given lengths along `axis`; the lengths add up to its length. */
export function split(x: Tensor, sizes: readonly number[], axis: number): readonly Tensor[] {
  return apply(splitOp, [x], { axis: normalizeAxis(axis, x.rank, 'split'), sizes });
}
