import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { expectCount, expectDtype, expectFloat, expectLength, expectRank, expectShape } from './check.js';
import { apply, elements, type Op, perElement } from './op.js';
import { expectTaps, type Padding4, type Pair, toPadding, toPair, type Window, windowPositions } from './window.js';

export type MaxPool2dAttrs = Window;

export interface MaxPool2dBackwardAttrs extends Window {
  readonly inputShape: Shape;
}

export interface MaxPool2dOptions {
  readonly kernel: number | Pair;
  /** Default: the kernel. */
  readonly stride?: number | Pair;
  readonly padding?: number | Pair | Padding4;
  readonly dilation?: number | Pair;
}

function outputShape(op: string, [n, c, height, width]: Shape, window: Window): number[] {
  const positions = windowPositions(op, [height, width], window);
  expectTaps(op, [height, width], positions, window);
  return [n, c, ...positions];
}

/** Maximum of each window; padded taps never win. The second output is kh·kW + kw of the first maximum. */
export const maxPool2dOp = {
  name: 'maxPool2d',

  infer(inputs, attrs) {
    expectCount('maxPool2d', inputs, 1);
    expectFloat('maxPool2d', inputs, 'x');
    expectRank('maxPool2d', 'x', inputs[0], 4);
    const shape = outputShape('maxPool2d', inputs[0].shape, attrs);
    return [
      { shape, dtype: 'f32' },
      { shape, dtype: 'i32' },
    ];
  },

  gradient: ({ inputs: [x], outputs: [, index], attrs, grads: [dy] }) =>
    apply(maxPool2dBackwardOp, [dy!, index], { ...attrs, inputShape: x.shape }),

  cost: (_, [y], { kernel }) => ({ flops: elements(y) * kernel[0] * kernel[1] }),
} satisfies Op<MaxPool2dAttrs>;

/** Gathers, for each element of x, the gradients of the windows that it won. */
export const maxPool2dBackwardOp = {
  name: 'maxPool2dBackward',

  infer(inputs, attrs) {
    expectCount('maxPool2dBackward', inputs, 2);
    const [dy, index] = inputs;
    expectDtype('maxPool2dBackward', 'dy', dy, 'f32');
    expectDtype('maxPool2dBackward', 'index', index, 'i32');
    expectLength('maxPool2dBackward', 'inputShape', attrs.inputShape, 4);
    const shape = outputShape('maxPool2dBackward', attrs.inputShape, attrs);
    expectShape('maxPool2dBackward', 'dy', dy, shape);
    expectShape('maxPool2dBackward', 'index', index, shape);
    return [{ shape: attrs.inputShape, dtype: 'f32' }];
  },

  cost: perElement(1),
} satisfies Op<MaxPool2dBackwardAttrs>;

export function maxPool2d(x: Tensor, options: MaxPool2dOptions): Tensor {
  const { kernel, stride = kernel, padding = 0, dilation = 1 } = options;
  const window = {
    kernel: toPair(kernel),
    stride: toPair(stride),
    padding: toPadding(padding),
    dilation: toPair(dilation),
  };
  return apply(maxPool2dOp, [x], window)[0];
}
