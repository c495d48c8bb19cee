import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export type PreluAttrs = Readonly<Record<string, never>>;
export type PreluBackwardAttrs = PreluAttrs;

function checkSlope(op: string, x: TensorSpec, a: TensorSpec): void {
  const channels = x.shape[1] ?? 1;
  if (a.shape.length === 1 && (a.shape[0] === 1 || a.shape[0] === channels)) return;
  throw new ShapeError(`${op} got slope [${a.shape}], but x [${x.shape}] needs [${channels}] or [1]`);
}

/** max(x, 0) + a · min(x, 0) with a learned slope a, one for each channel or one for all. */
export const preluOp = {
  name: 'prelu',

  infer(inputs) {
    expectCount('prelu', inputs, 2);
    expectFloat('prelu', inputs, 'x', 'slope');
    checkSlope('prelu', inputs[0], inputs[1]);
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  gradient: ({ inputs: [x, a], grads: [dy] }) => apply(preluBackwardOp, [x, a, dy!], {}),

  cost: perElement(1),
} satisfies Op<PreluAttrs>;

export const preluBackwardOp = {
  name: 'preluBackward',

  infer(inputs) {
    expectCount('preluBackward', inputs, 3);
    expectFloat('preluBackward', inputs, 'x', 'slope', 'dy');
    const [x, a, dy] = inputs;
    checkSlope('preluBackward', x, a);
    expectShape('preluBackward', 'dy', dy, x.shape);
    return [
      { shape: x.shape, dtype: 'f32' },
      { shape: a.shape, dtype: 'f32' },
    ];
  },

  cost: perElement(3),
} satisfies Op<PreluBackwardAttrs>;

/** x [N,C,...] with slope [C] or [1]. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  return apply(preluOp, [x, slope], {})[0];
}
