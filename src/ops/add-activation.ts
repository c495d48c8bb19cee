import { activationBackwardOp } from './activation.js';
import type { FusedActivation } from './batch-norm.js';
import { expectCount, expectFloat, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface AddActivationAttrs {
  readonly activation: Exclude<FusedActivation, 'none'>;
}

/**
 * act(a + b) of two tensors of one shape: how a residual block ends, in one pass. `fuseSumActivation` makes it. The
 * gradient takes its mask from y, so the sum itself is never kept.
 */
export const addActivationOp = {
  name: 'addActivation',

  infer(inputs) {
    expectCount('addActivation', inputs, 2);
    expectFloat('addActivation', inputs, 'a', 'b');
    expectShape('addActivation', 'b', inputs[1], inputs[0].shape);
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  gradient({ outputs: [y], attrs: { activation: kind }, grads: [dy] }) {
    const [g] = apply(activationBackwardOp, [y, dy!], { kind, slope: 0 });
    return [g, g];
  },

  cost: perElement(2),
} satisfies Op<AddActivationAttrs>;
