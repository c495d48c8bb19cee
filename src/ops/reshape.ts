import { type Shape, sameShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface ReshapeAttrs {
  /** One dimension may be -1: what the others leave. */
  readonly shape: Shape;
}

const known = (shape: Shape): number => shape.reduce((n, d) => (d < 0 ? n : n * d), 1);

function resolve(from: Shape, to: Shape): number[] {
  const message = `reshape got [${from}], which does not fit [${to}]`;
  if (to.filter((d) => d < 0).length > 1) throw new ShapeError(message, 'at most one dimension may be -1');
  const [have, want] = [known(from), known(to)];
  const free = to.findIndex((d) => d < 0);
  if (from.some((d) => d < 0)) {
    // The batch is unknown, so dimension 0 of the result is too: the batch itself, or a multiple or fraction of it.
    if (free !== 0) throw new ShapeError(message, 'a symbolic batch needs -1 as dimension 0');
    if (have % want && want % have) throw new ShapeError(message);
    return [...to];
  }
  if (free < 0 ? have !== want : want === 0 || have % want) {
    throw new ShapeError(message, `${have} elements on one side, ${want} on the other`);
  }
  return to.map((d) => (d < 0 ? have / want : d));
}

/** Same elements in logical row-major order, other shape. */
export const reshapeOp = {
  name: 'reshape',

  infer(inputs, { shape }) {
    expectCount('reshape', inputs, 1);
    return [{ shape: resolve(inputs[0].shape, shape), dtype: inputs[0].dtype }];
  },

  gradient: ({ inputs: [x], grads: [dy] }) => [reshape(dy!, x.shape)],

  cost: perElement(0),
} satisfies Op<ReshapeAttrs>;

export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(reshapeOp, [x], { shape })[0];
}

/** Joins the axes from `start` on: [N,C,H,W] gives [N,C·H·W]. */
export function flatten(x: Tensor, start = 1): Tensor {
  const rest = x.shape.slice(start).reduce((n, d) => n * d, 1);
  return reshape(x, start === 0 ? [-1] : [...x.shape.slice(0, start), rest]);
}
