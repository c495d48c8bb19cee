import type { ReshapeAttrs } from '../../../ops/reshape.js';
import { rowMajor, sameOrder } from '../../../tensor/layout.js';
import { strides } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import type { WebgpuLower } from '../kernel.js';
import { copyFlat, copyStrided, stridesOf } from './copy.js';
import { flat } from './lanes.js';

/** Reshape keeps the *logical* row-major order, so a channels-last side is written or read in that order. */
export const lowerReshape: WebgpuLower<ReshapeAttrs> = ({ inputs: [x], outputs: [y] }, target) => {
  const plain = (value: typeof x) => sameOrder(value.shape, value.layout, rowMajor(value.shape.length));
  if (plain(x) && plain(y)) return { calls: [copyFlat(x, y, target)] };
  const source = { of: flat(x), strides: plain(x) ? strides(x.shape) : stridesOf(x) };
  const result = { of: flat(y), strides: plain(y) ? strides(y.shape) : stridesOf(y) };
  if (plain(y)) return { calls: [copyStrided(x.shape, source, { of: flat(y), strides: strides(x.shape) }, target)] };
  if (plain(x)) return { calls: [copyStrided(y.shape, { of: flat(x), strides: strides(y.shape) }, result, target)] };

  const bytes = flat(x).bytes;
  const scratch = { ...at('workspace'), bytes };
  return {
    calls: [
      copyStrided(x.shape, source, { of: scratch, strides: strides(x.shape) }, target),
      copyStrided(y.shape, { of: scratch, strides: strides(y.shape) }, result, target),
    ],
    workspace: bytes,
  };
};
