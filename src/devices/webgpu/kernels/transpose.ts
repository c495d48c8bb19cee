import type { TransposeAttrs } from '../../../ops/transpose.js';
import { permute } from '../../../tensor/shape.js';
import type { WebgpuLower } from '../kernel.js';
import { copyStrided, stridesOf } from './copy.js';
import { flat } from './lanes.js';

export const lowerTranspose: WebgpuLower<TransposeAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => ({
  calls: [
    copyStrided(
      y.shape,
      { of: flat(x), strides: permute(stridesOf(x), attrs.order) },
      { of: flat(y), strides: stridesOf(y) },
      target,
    ),
  ],
});
