import type { Shape } from '../tensor/shape.js';
import type { Tensor, TensorSpec } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { expectCount, expectFloat, expectInteger, expectLength, expectRank, expectShape } from './check.js';
import { apply, type Cost, elements, type Op } from './op.js';
import { sum } from './reduce.js';
import { type Padding4, type Pair, toPadding, toPair, windowPositions } from './window.js';

export interface Conv2dAttrs {
  readonly stride: Pair;
  readonly padding: Padding4;
  readonly dilation: Pair;
  readonly groups: number;
}

export interface Conv2dBackwardInputAttrs extends Conv2dAttrs {
  readonly inputShape: Shape;
}

export interface Conv2dBackwardWeightAttrs extends Conv2dAttrs {
  readonly weightShape: Shape;
}

export interface Conv2dOptions {
  readonly bias?: Tensor;
  readonly stride?: number | Pair;
  readonly padding?: number | Pair | Padding4;
  readonly dilation?: number | Pair;
  readonly groups?: number;
}

function outputShape(op: string, x: Shape, w: Shape, { stride, padding, dilation, groups }: Conv2dAttrs): number[] {
  expectInteger(op, 'groups', groups, 1);
  const [n, channels, height, width] = x;
  const [outChannels, perGroup, ...kernel] = w;
  if (channels !== perGroup * groups) {
    throw new ShapeError(
      `${op} got ${channels} input channels, but weight [${w}] with groups=${groups} needs ${perGroup * groups}`,
    );
  }
  if (outChannels % groups) {
    throw new ShapeError(
      `${op} got ${outChannels} output channels, but groups=${groups} needs a multiple of ${groups}`,
    );
  }
  const window = { kernel: kernel as unknown as Pair, stride, padding, dilation };
  return [n, outChannels, ...windowPositions(op, [height, width], window)];
}

/** Every output element takes one multiply-add per weight of its filter. */
function convCost(output: TensorSpec, weight: TensorSpec): Cost {
  const macs = elements(output) * (elements(weight) / weight.shape[0]);
  return { flops: 2 * macs, macs };
}

/** 2-D convolution (cross-correlation) of x [N,C,H,W] with weight [O,C/groups,kH,kW]. */
export const conv2dOp = {
  name: 'conv2d',

  infer(inputs, attrs) {
    expectCount('conv2d', inputs, 2, 3);
    expectFloat('conv2d', inputs, 'x', 'weight', 'bias');
    const [x, w, bias] = inputs;
    expectRank('conv2d', 'x', x, 4);
    expectRank('conv2d', 'weight', w, 4);
    if (bias) expectShape('conv2d', 'bias', bias, [w.shape[0]]);
    return [{ shape: outputShape('conv2d', x.shape, w.shape, attrs), dtype: 'f32' }];
  },

  gradient({ inputs: [x, w], attrs, grads: [dy], needs }) {
    return [
      needs[0] ? apply(conv2dBackwardInputOp, [dy!, w], { ...attrs, inputShape: x.shape })[0] : undefined,
      needs[1] ? apply(conv2dBackwardWeightOp, [x, dy!], { ...attrs, weightShape: w.shape })[0] : undefined,
      needs[2] ? sum(dy!, { axes: [0, 2, 3] }) : undefined,
    ];
  },

  cost: ([, w], [y]) => convCost(y, w),
} satisfies Op<Conv2dAttrs>;

/**
 * Gradient of conv2d with respect to x; also a transposed convolution. A third input of x's shape is added to it: what
 * reaches x another way (see `foldGradientSums`).
 */
export const conv2dBackwardInputOp = {
  name: 'conv2dBackwardInput',

  infer(inputs, attrs) {
    expectCount('conv2dBackwardInput', inputs, 2, 3);
    expectFloat('conv2dBackwardInput', inputs, 'dy', 'weight', 'summand');
    const [dy, w, summand] = inputs;
    expectRank('conv2dBackwardInput', 'weight', w, 4);
    expectLength('conv2dBackwardInput', 'inputShape', attrs.inputShape, 4);
    if (summand) expectShape('conv2dBackwardInput', 'summand', summand, attrs.inputShape);
    expectShape('conv2dBackwardInput', 'dy', dy, outputShape('conv2dBackwardInput', attrs.inputShape, w.shape, attrs));
    return [{ shape: attrs.inputShape, dtype: 'f32' }];
  },

  gradient({ inputs: [dy, w], attrs: { inputShape: _, ...attrs }, grads: [g], needs }) {
    return [
      needs[0] ? conv2d(g!, w, attrs) : undefined,
      needs[1] ? apply(conv2dBackwardWeightOp, [g!, dy], { ...attrs, weightShape: w.shape })[0] : undefined,
      needs[2] ? g : undefined,
    ];
  },

  cost: ([dy, w]) => convCost(dy, w),
} satisfies Op<Conv2dBackwardInputAttrs>;

/** Gradient of conv2d with respect to the weight. */
export const conv2dBackwardWeightOp = {
  name: 'conv2dBackwardWeight',

  infer(inputs, attrs) {
    expectCount('conv2dBackwardWeight', inputs, 2);
    expectFloat('conv2dBackwardWeight', inputs, 'x', 'dy');
    const [x, dy] = inputs;
    expectRank('conv2dBackwardWeight', 'x', x, 4);
    expectLength('conv2dBackwardWeight', 'weightShape', attrs.weightShape, 4);
    expectShape(
      'conv2dBackwardWeight',
      'dy',
      dy,
      outputShape('conv2dBackwardWeight', x.shape, attrs.weightShape, attrs),
    );
    return [{ shape: attrs.weightShape, dtype: 'f32' }];
  },

  cost: ([, dy], [dw]) => convCost(dy, dw),
} satisfies Op<Conv2dBackwardWeightAttrs>;

/**
 * x [N,C,H,W] with w [O,C/groups,kH,kW] gives [N,O,H',W']. Numbers stand for both axes, padding also takes
 * [vertical, horizontal] or [top, bottom, left, right].
 */
export function conv2d(
  x: Tensor,
  w: Tensor,
  { bias, stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv2dOptions = {},
): Tensor {
  const attrs = { stride: toPair(stride), padding: toPadding(padding), dilation: toPair(dilation), groups };
  return apply(conv2dOp, bias ? [x, w, bias] : [x, w], attrs)[0];
}
