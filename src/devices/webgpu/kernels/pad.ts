import type { PadAttrs } from '../../../ops/pad.js';
import type { WebgpuLower } from '../kernel.js';
import { copyStrided, stridesOf } from './copy.js';
import { lowerFill } from './fill.js';
import { flat } from './lanes.js';

/** Fills, then writes the input into the middle. */
export const lowerPad: WebgpuLower<PadAttrs> = (node, target) => {
  const { attrs, inputs, outputs } = node;
  const [x] = inputs;
  const [y] = outputs;
  const strides = stridesOf(y);
  const offset = strides.reduce((sum, stride, axis) => sum + attrs.before[axis] * stride, 0);
  const { calls } = lowerFill({ ...node, attrs: { shape: y.shape, value: attrs.value } }, target);
  return {
    calls: [
      ...calls,
      copyStrided(x.shape, { of: flat(x), strides: stridesOf(x) }, { of: flat(y), offset, strides }, target),
    ],
  };
};
