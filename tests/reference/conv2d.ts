import type { Conv2dAttrs, Conv2dBackwardInputAttrs, Conv2dBackwardWeightAttrs } from '../../src/ops/conv2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { type ReferenceRule, zeros } from './array.js';

/**
 * The seven loops: image, output channel, input channel of the group, kernel row and column, output row, and the run
 * of output columns whose tap lies inside the image, which is left to `run`.
 *
 *   y[n,o,i,j] = Σ_{c,r,s} x[n, g·K + c, i·stride − top + r·dilation, j·stride − left + s·dilation] · w[o,c,r,s]
 *
 * `run` gets flat positions: of the weight, of the first output, of the first input; then how many outputs follow,
 * and how many columns their inputs lie apart.
 */
function convolve(
  [N, C, H, W]: Shape,
  [O, K, R, S]: Shape,
  [, , OH, OW]: Shape,
  { stride, padding, dilation, groups }: Conv2dAttrs,
  run: (w: number, y: number, x: number, count: number, step: number) => void,
): void {
  const [top, , left] = padding;
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const group = Math.floor(o / (O / groups));
      for (let c = 0; c < K; c++) {
        const plane = (n * C + group * K + c) * H;
        for (let r = 0; r < R; r++) {
          for (let s = 0; s < S; s++) {
            const shift = s * dilation[1] - left;
            const first = Math.max(0, Math.ceil(-shift / stride[1]));
            const last = Math.min(OW - 1, Math.floor((W - 1 - shift) / stride[1]));
            if (first > last) continue;
            const weight = ((o * K + c) * R + r) * S + s;
            for (let i = 0; i < OH; i++) {
              const h = i * stride[0] - top + r * dilation[0];
              if (h < 0 || h >= H) continue;
              const y = ((n * O + o) * OH + i) * OW + first;
              const x = (plane + h) * W + first * stride[1] + shift;
              run(weight, y, x, last - first + 1, stride[1]);
            }
          }
        }
      }
    }
  }
}

const outputShape = (x: Shape, w: Shape, attrs: Conv2dAttrs): Shape => {
  const [top, bottom, left, right] = attrs.padding;
  const out = (length: number, kernel: number, axis: 0 | 1, pad: number): number =>
    Math.floor((length + pad - attrs.dilation[axis] * (kernel - 1) - 1) / attrs.stride[axis]) + 1;
  return [x[0], w[0], out(x[2], w[2], 0, top + bottom), out(x[3], w[3], 1, left + right)];
};

export const conv2d: ReferenceRule<Conv2dAttrs> = ([x, w, bias], attrs) => {
  const y = zeros(outputShape(x.shape, w.shape, attrs));
  const [, O, OH, OW] = y.shape;
  if (bias) for (let i = 0; i < y.data.length; i++) y.data[i] = bias.data[Math.floor(i / (OH * OW)) % O];
  convolve(x.shape, w.shape, y.shape, attrs, (iw, iy, ix, count, step) => {
    const weight = w.data[iw];
    for (let j = 0; j < count; j++) y.data[iy + j] += weight * x.data[ix + j * step];
  });
  return [y];
};

export const conv2dBackwardInput: ReferenceRule<Conv2dBackwardInputAttrs> = ([dy, w, summand], attrs) => {
  const dx = zeros(attrs.inputShape);
  if (summand) dx.data.set(summand.data);
  convolve(dx.shape, w.shape, dy.shape, attrs, (iw, iy, ix, count, step) => {
    const weight = w.data[iw];
    for (let j = 0; j < count; j++) dx.data[ix + j * step] += weight * dy.data[iy + j];
  });
  return [dx];
};

export const conv2dBackwardWeight: ReferenceRule<Conv2dBackwardWeightAttrs> = ([x, dy], attrs) => {
  const dw = zeros(attrs.weightShape);
  convolve(x.shape, dw.shape, dy.shape, attrs, (iw, iy, ix, count, step) => {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += x.data[ix + j * step] * dy.data[iy + j];
    dw.data[iw] += sum;
  });
  return [dw];
};
