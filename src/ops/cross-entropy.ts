import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { CvnetsError, ShapeError } from '../utils/errors.js';
import { expectCount, expectDtype, expectShape } from './check.js';
import { apply, type Op, perElement } from './op.js';

export interface CrossEntropyAttrs {
  readonly labelSmoothing: number;
  /** Class that does not count; integer targets only. */
  readonly ignoreIndex: number;
  readonly reduction: 'mean' | 'sum';
}

export interface CrossEntropyBackwardAttrs extends CrossEntropyAttrs {
  /** Whether the third input is the class weight. */
  readonly weighted: boolean;
}

export interface CrossEntropyOptions extends Partial<CrossEntropyAttrs> {
  /** Factor of each class [C]; the mean is taken over the sum of the targets' factors. */
  readonly weight?: Tensor;
}

/** Checks what both directions read and returns the shape of one value per sample and position. */
function checkTargets(
  op: string,
  logits: TensorSpec,
  target: TensorSpec,
  weight: TensorSpec | undefined,
  { labelSmoothing }: CrossEntropyAttrs,
): number[] {
  const [n, classes, ...space] = logits.shape;
  expectDtype(op, 'logits', logits, 'f32');
  if (classes === undefined) throw new ShapeError(`${op} got logits [${logits.shape}], but needs [N,C,...]`);
  expectDtype(op, 'target', target, 'i32', 'f32');
  const places = [n, ...space];
  const needed = target.dtype === 'i32' ? places : logits.shape;
  if (target.shape.join() !== needed.join()) {
    throw new ShapeError(
      `${op} got target ${target.dtype}[${target.shape}], but logits [${logits.shape}] need i32[${places}] or f32[${logits.shape}]`,
    );
  }
  if (weight) {
    expectDtype(op, 'weight', weight, 'f32');
    expectShape(op, 'weight', weight, [classes]);
  }
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ShapeError(`${op} got labelSmoothing=${labelSmoothing}, but needs 0 to 1`);
  }
  return places;
}

/**
 * Softmax cross entropy of logits [N,C,...] with class indices i32 [N,...] or probabilities f32 [N,C,...], as in
 * PyTorch. The second output, log(sum(exp(logits))) over C, is what the gradient needs.
 */
export const crossEntropyOp = {
  name: 'crossEntropy',

  infer(inputs, attrs) {
    expectCount('crossEntropy', inputs, 2, 3);
    const [logits, target, weight] = inputs;
    const places = checkTargets('crossEntropy', logits, target, weight, attrs);
    return [
      { shape: [], dtype: 'f32' },
      { shape: places, dtype: 'f32' },
    ];
  },

  gradient({ inputs, outputs: [, lse], attrs, grads: [dloss, dlse] }) {
    if (dlse) throw new CvnetsError('crossEntropy has a gradient for the loss only, not for its log-sum-exp');
    const weighted = inputs.length === 3;
    return apply(crossEntropyBackwardOp, [...inputs, lse, dloss!], { ...attrs, weighted });
  },

  cost: perElement(4),
} satisfies Op<CrossEntropyAttrs>;

/** (softmax(logits) - smoothed target) · weight · dloss / divisor. */
export const crossEntropyBackwardOp = {
  name: 'crossEntropyBackward',

  infer(inputs, attrs) {
    expectCount('crossEntropyBackward', inputs, attrs.weighted ? 5 : 4);
    const [logits, target] = inputs;
    const [lse, dloss] = inputs.slice(-2);
    const places = checkTargets('crossEntropyBackward', logits, target, attrs.weighted ? inputs[2] : undefined, attrs);
    expectDtype('crossEntropyBackward', 'lse', lse, 'f32');
    expectShape('crossEntropyBackward', 'lse', lse, places);
    expectDtype('crossEntropyBackward', 'dloss', dloss, 'f32');
    expectShape('crossEntropyBackward', 'dloss', dloss, []);
    return [{ shape: logits.shape, dtype: 'f32' }];
  },

  cost: perElement(5),
} satisfies Op<CrossEntropyBackwardAttrs>;

/** The loss, rank 0. With `reduction: 'mean'` ignored targets leave the divisor too. */
export function crossEntropy(
  logits: Tensor,
  target: Tensor,
  { labelSmoothing = 0, ignoreIndex = -1, reduction = 'mean', weight }: CrossEntropyOptions = {},
): Tensor {
  const inputs = weight ? [logits, target, weight] : [logits, target];
  return apply(crossEntropyOp, inputs, { labelSmoothing, ignoreIndex, reduction })[0];
}
