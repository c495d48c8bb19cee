import type { ExpandAttrs } from '../../../ops/expand.js';
import type { Value } from '../../device.js';
import type { WebgpuLower } from '../kernel.js';
import { copyStrided, stridesOf } from './copy.js';
import { flat } from './lanes.js';

/** Strides with which `x` is read when it is broadcast to `shape`: 0 along the axes that it lacks or has once. */
export function broadcastStrides(x: Value, shape: readonly number[]): number[] {
  const missing = shape.length - x.shape.length;
  const strides = stridesOf(x);
  return shape.map((_, axis) => (axis < missing || x.shape[axis - missing] === 1 ? 0 : strides[axis - missing]));
}

export const lowerExpand: WebgpuLower<ExpandAttrs> = ({ inputs: [x], outputs: [y] }, target) => ({
  calls: [
    copyStrided(
      y.shape,
      { of: flat(x), strides: broadcastStrides(x, y.shape) },
      { of: flat(y), strides: stridesOf(y) },
      target,
    ),
  ],
});
