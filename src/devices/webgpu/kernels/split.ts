import type { SplitAttrs } from '../../../ops/split.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import type { WebgpuLower } from '../kernel.js';
import { copyStrided, stridesOf } from './copy.js';
import { flat } from './lanes.js';

/** One launch a part. */
export const lowerSplit: WebgpuLower<SplitAttrs> = ({ attrs, inputs: [x], outputs }, target) => {
  const strides = stridesOf(x);
  const axis = normalizeAxis(attrs.axis, x.shape.length, 'split');
  let start = 0;
  const calls = outputs.map((y) => {
    const offset = start * strides[axis];
    start += y.shape[axis];
    return copyStrided(y.shape, { of: flat(x), offset, strides }, { of: flat(y), strides: stridesOf(y) }, target);
  });
  return { calls };
};
