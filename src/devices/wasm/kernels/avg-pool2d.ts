import type { AvgPool2dAttrs, AvgPool2dBackwardAttrs } from '../../../ops/avg-pool2d.js';
import type { WasmLower } from '../kernel.js';
import { gather2d, type Tap, transposeTaps } from './gather2d.js';

/** Windows along one axis (0 height, 1 width); the divisor of a window is the product of both axes' counts. */
function windows(axis: 0 | 1, size: number, positions: number, attrs: AvgPool2dAttrs): Tap[][] {
  const kernel = attrs.kernel[axis];
  return Array.from({ length: positions }, (_, position) => {
    const first = position * attrs.stride[axis] - attrs.padding[2 * axis];
    const inside = Array.from({ length: kernel }, (_, k) => first + k).filter((i) => i >= 0 && i < size);
    return inside.map((index) => ({ index, weight: 1 / (attrs.countIncludePad ? kernel : inside.length) }));
  });
}

export const lowerAvgPool2d: WasmLower<AvgPool2dAttrs> = ({ inputs: [x], outputs: [y], attrs }) =>
  gather2d(x, y, windows(0, x.shape[2], y.shape[2], attrs), windows(1, x.shape[3], y.shape[3], attrs));

export const lowerAvgPool2dBackward: WasmLower<AvgPool2dBackwardAttrs> = ({ inputs: [dy], outputs: [dx], attrs }) => {
  const [, , height, width] = dx.shape;
  const rows = transposeTaps(windows(0, height, dy.shape[2], attrs), height);
  return gather2d(dy, dx, rows, transposeTaps(windows(1, width, dy.shape[3], attrs), width));
};
