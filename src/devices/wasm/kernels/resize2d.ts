import type { Resize2dAttrs, Resize2dBackwardAttrs } from '../../../ops/resize2d.js';
import type { WasmLower } from '../kernel.js';
import { gather2d, type Tap, transposeTaps } from './gather2d.js';

/** Where each of `to` output positions samples `from` source positions, as PyTorch's interpolate does. */
function samples(from: number, to: number, { mode, alignCorners }: Resize2dAttrs): Tap[][] {
  return Array.from({ length: to }, (_, i) => {
    if (mode === 'nearest') return [{ index: Math.floor((i * from) / to), weight: 1 }];
    const corners = to > 1 ? (i * (from - 1)) / (to - 1) : 0;
    const centre = alignCorners ? corners : Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const index = Math.min(Math.floor(centre), from - 1);
    const fraction = index === from - 1 ? 0 : centre - index;
    const first = { index, weight: 1 - fraction };
    return fraction === 0 ? [first] : [first, { index: index + 1, weight: fraction }];
  });
}

export const lowerResize2d: WasmLower<Resize2dAttrs> = ({ inputs: [x], outputs: [y], attrs }) =>
  gather2d(x, y, samples(x.shape[2], y.shape[2], attrs), samples(x.shape[3], y.shape[3], attrs));

export const lowerResize2dBackward: WasmLower<Resize2dBackwardAttrs> = ({ inputs: [dy], outputs: [dx], attrs }) => {
  const [, , height, width] = dx.shape;
  const rows = transposeTaps(samples(height, dy.shape[2], attrs), height);
  return gather2d(dy, dx, rows, transposeTaps(samples(width, dy.shape[3], attrs), width));
};
