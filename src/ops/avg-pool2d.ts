import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectCount, expectFloat, expectLength, expectRank, expectShape } from './check.js';
import { apply, elements, type Op, perElement } from './op.js';
import { expectTaps, type Padding4, type Pair, toPadding, toPair, windowPositions } from './window.js';

export interface AvgPool2dAttrs {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding4;
  /** Whether padded zeros count in the divisor. */
  readonly countIncludePad: boolean;
}

export interface AvgPool2dBackwardAttrs extends AvgPool2dAttrs {
  readonly inputShape: Shape;
}

export interface AvgPool2dOptions {
  readonly kernel: number | Pair;
  /** Default: the kernel. */
  readonly stride?: number | Pair;
  readonly padding?: number | Pair | Padding4;
  readonly countIncludePad?: boolean;
}

function outputShape(op: string, [n, c, height, width]: Shape, attrs: AvgPool2dAttrs): number[] {
  const window = { ...attrs, dilation: [1, 1] } as const;
  const positions = windowPositions(op, [height, width], window);
  expectTaps(op, [height, width], positions, window);
  return [n, c, ...positions];
}

/** Mean of each window. */
export const avgPool2dOp = {
  name: 'avgPool2d',

  infer(inputs, attrs) {
    expectCount('avgPool2d', inputs, 1);
    expectFloat('avgPool2d', inputs, 'x');
    expectRank('avgPool2d', 'x', inputs[0], 4);
    return [{ shape: outputShape('avgPool2d', inputs[0].shape, attrs), dtype: 'f32' }];
  },

  gradient: ({ inputs: [x], attrs, grads: [dy] }) =>
    apply(avgPool2dBackwardOp, [dy!], { ...attrs, inputShape: x.shape }),

  cost: (_, [y], { kernel }) => ({ flops: elements(y) * kernel[0] * kernel[1] }),
} satisfies Op<AvgPool2dAttrs>;

/** Each element of x gets its share of the windows that cover it. */
export const avgPool2dBackwardOp = {
  name: 'avgPool2dBackward',

  infer(inputs, attrs) {
    expectCount('avgPool2dBackward', inputs, 1);
    expectFloat('avgPool2dBackward', inputs, 'dy');
    expectLength('avgPool2dBackward', 'inputShape', attrs.inputShape, 4);
    expectShape('avgPool2dBackward', 'dy', inputs[0], outputShape('avgPool2dBackward', attrs.inputShape, attrs));
    return [{ shape: attrs.inputShape, dtype: 'f32' }];
  },

  cost: perElement(1),
} satisfies Op<AvgPool2dBackwardAttrs>;

export function avgPool2d(
  x: Tensor,
  { kernel, stride = kernel, padding = 0, countIncludePad = true }: AvgPool2dOptions,
): Tensor {
  const attrs = { kernel: toPair(kernel), stride: toPair(stride), padding: toPadding(padding), countIncludePad };
  return apply(avgPool2dOp, [x], attrs)[0];
}
