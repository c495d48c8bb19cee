import type { Tensor } from '../tensor/tensor.js';
import { expectCount, expectFloat, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export type ActivationKind =
  | 'relu'
  | 'relu6'
  | 'leakyRelu'
  | 'sigmoid'
  | 'silu'
  | 'hardSwish'
  | 'hardSigmoid'
  | 'gelu'
  | 'tanh';

export interface ActivationAttrs {
  readonly kind: ActivationKind;
  /** Slope below zero; leakyRelu only. */
  readonly slope: number;
}

export type ActivationBackwardAttrs = ActivationAttrs;

/** A pointwise nonlinearity; gelu is the exact form x·Φ(x). */
export const activationOp = {
  name: 'activation',

  infer(inputs) {
    expectCount('activation', inputs, 1);
    expectFloat('activation', inputs, 'x');
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  gradient({ inputs: [x], outputs: [y], attrs, grads: [dy] }) {
    // The slope of relu and relu6 is 1 at y exactly where it is 1 at x, and the next layer keeps y anyway.
    const clamps = attrs.kind === 'relu' || attrs.kind === 'relu6';
    return apply(activationBackwardOp, [clamps ? y : x, dy!], attrs);
  },

  cost: perElement(1),
} satisfies Op<ActivationAttrs>;

/** dy times the derivative at x. */
export const activationBackwardOp = {
  name: 'activationBackward',

  infer(inputs) {
    expectCount('activationBackward', inputs, 2);
    expectFloat('activationBackward', inputs, 'x', 'dy');
    expectShape('activationBackward', 'dy', inputs[1], inputs[0].shape);
    return [{ shape: inputs[0].shape, dtype: 'f32' }];
  },

  cost: perElement(2),
} satisfies Op<ActivationBackwardAttrs>;

export function activation(x: Tensor, kind: ActivationKind, slope = 0): Tensor {
  return apply(activationOp, [x], { kind, slope })[0];
}

export const relu = (x: Tensor): Tensor => activation(x, 'relu');
/** min(max(x, 0), 6) */
export const relu6 = (x: Tensor): Tensor => activation(x, 'relu6');
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => activation(x, 'leakyRelu', slope);
export const sigmoid = (x: Tensor): Tensor => activation(x, 'sigmoid');
/** x · sigmoid(x), also called swish. */
export const silu = (x: Tensor): Tensor => activation(x, 'silu');
/** x · relu6(x + 3) / 6 */
export const hardSwish = (x: Tensor): Tensor => activation(x, 'hardSwish');
/** relu6(x + 3) / 6 */
export const hardSigmoid = (x: Tensor): Tensor => activation(x, 'hardSigmoid');
/** x · Φ(x) with the error function, not its tanh approximation. */
export const gelu = (x: Tensor): Tensor => activation(x, 'gelu');
export const tanh = (x: Tensor): Tensor => activation(x, 'tanh');
