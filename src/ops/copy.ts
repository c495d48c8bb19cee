import type { Tensor } from '../tensor/tensor.js';
import { expectCount } from './check.js';
import { apply, type Op, perElement } from './op.js';

export type CopyAttrs = Readonly<Record<string, never>>;

/** The same values in other memory, possibly in another physical layout: passes insert it. */
export const copyOp = {
  name: 'copy',

  infer(inputs) {
    expectCount('copy', inputs, 1);
    const [{ shape, dtype }] = inputs;
    return [{ shape, dtype }];
  },

  gradient: ({ grads }) => [grads[0]],

  cost: perElement(0),
} satisfies Op<CopyAttrs>;

export function copy(x: Tensor): Tensor {
  return apply(copyOp, [x], {})[0];
}
