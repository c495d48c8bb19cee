import type { SliceAttrs } from '../../../ops/slice.js';
import type { WebgpuLower } from '../kernel.js';
import { copyStrided, stridesOf } from './copy.js';
import { flat } from './lanes.js';

export const lowerSlice: WebgpuLower<SliceAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => {
  const strides = stridesOf(x);
  const offset = strides.reduce((sum, stride, axis) => sum + attrs.start[axis] * stride, 0);
  const stepped = strides.map((stride, axis) => stride * attrs.step[axis]);
  return {
    calls: [
      copyStrided(y.shape, { of: flat(x), offset, strides: stepped }, { of: flat(y), strides: stridesOf(y) }, target),
    ],
  };
};
