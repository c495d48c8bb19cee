import type { Resize2dAttrs, Resize2dBackwardAttrs } from '../../src/ops/resize2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { type ReferenceRule, zeros } from './array.js';

/** The (at most two) source positions of output position `i` along one axis, with their weights. */
function taps(i: number, from: number, to: number, { mode, alignCorners }: Resize2dAttrs): [number, number][] {
  if (mode === 'nearest') return [[Math.floor((i * from) / to), 1]];
  const centre = alignCorners ? (to > 1 ? (i * (from - 1)) / (to - 1) : 0) : Math.max(0, ((i + 0.5) * from) / to - 0.5);
  const first = Math.min(Math.floor(centre), from - 1);
  const second = Math.min(first + 1, from - 1);
  return [
    [first, 1 - (centre - first)],
    [second, centre - first],
  ];
}

function eachTap(x: Shape, attrs: Resize2dAttrs, visit: (y: number, x: number, weight: number) => void): void {
  const [N, C, H, W] = x;
  const [OH, OW] = attrs.size;
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < OH; i++) {
      for (let j = 0; j < OW; j++) {
        for (const [h, weightH] of taps(i, H, OH, attrs)) {
          for (const [w, weightW] of taps(j, W, OW, attrs)) {
            visit((plane * OH + i) * OW + j, (plane * H + h) * W + w, weightH * weightW);
          }
        }
      }
    }
  }
}

export const resize2d: ReferenceRule<Resize2dAttrs> = ([x], attrs) => {
  const y = zeros([x.shape[0], x.shape[1], ...attrs.size]);
  eachTap(x.shape, attrs, (o, i, weight) => {
    y.data[o] += weight * x.data[i];
  });
  return [y];
};

export const resize2dBackward: ReferenceRule<Resize2dBackwardAttrs> = ([dy], attrs) => {
  const dx = zeros(attrs.inputShape);
  eachTap(dx.shape, attrs, (o, i, weight) => {
    dx.data[i] += weight * dy.data[o];
  });
  return [dx];
};
