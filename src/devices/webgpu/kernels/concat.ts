import type { ConcatAttrs } from '../../../ops/concat.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import type { WebgpuLower } from '../kernel.js';
import { copyStrided, stridesOf } from './copy.js';
import { flat } from './lanes.js';

/** One launch an input: they write disjoint parts of the output. */
export const lowerConcat: WebgpuLower<ConcatAttrs> = ({ attrs, inputs, outputs: [y] }, target) => {
  const strides = stridesOf(y);
  const axis = normalizeAxis(attrs.axis, y.shape.length, 'concat');
  let start = 0;
  const calls = inputs.map((x) => {
    const offset = start * strides[axis];
    start += x.shape[axis];
    return copyStrided(x.shape, { of: flat(x), strides: stridesOf(x) }, { of: flat(y), offset, strides }, target);
  });
  return { calls };
};
