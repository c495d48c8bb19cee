import type { AvgPool2dAttrs, AvgPool2dBackwardAttrs } from '../../src/ops/avg-pool2d.js';
import type { MaxPool2dAttrs, MaxPool2dBackwardAttrs } from '../../src/ops/max-pool2d.js';
import type { Shape } from '../../src/tensor/shape.js';
import { type RefArray, type ReferenceRule, zeros } from './array.js';

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation?: readonly number[];
}

function pooled([N, C, H, W]: Shape, { kernel, stride, padding, dilation = [1, 1] }: Window): RefArray {
  const out = (length: number, pad: number, axis: number): number =>
    Math.floor((length + pad - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
  return zeros([N, C, out(H, padding[0] + padding[1], 0), out(W, padding[2] + padding[3], 1)]);
}

/** Calls `visit(output, tap, input)` with flat positions for every tap that is inside the image, tap = r·kW + s. */
function eachTap(x: Shape, y: Shape, window: Window, visit: (y: number, tap: number, x: number) => void): void {
  const { kernel, stride, padding, dilation = [1, 1] } = window;
  const [N, C, H, W] = x;
  const [, , OH, OW] = y;
  for (let plane = 0; plane < N * C; plane++) {
    for (let i = 0; i < OH; i++) {
      for (let j = 0; j < OW; j++) {
        for (let r = 0; r < kernel[0]; r++) {
          for (let s = 0; s < kernel[1]; s++) {
            const h = i * stride[0] - padding[0] + r * dilation[0];
            const w = j * stride[1] - padding[2] + s * dilation[1];
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            visit((plane * OH + i) * OW + j, r * kernel[1] + s, (plane * H + h) * W + w);
          }
        }
      }
    }
  }
}

/** The first maximum in reading order wins a tie. */
export const maxPool2d: ReferenceRule<MaxPool2dAttrs> = ([x], attrs) => {
  const y = pooled(x.shape, attrs);
  const index = zeros(y.shape);
  y.data.fill(Number.NEGATIVE_INFINITY);
  eachTap(x.shape, y.shape, attrs, (o, tap, i) => {
    if (!(x.data[i] > y.data[o])) return;
    y.data[o] = x.data[i];
    index.data[o] = tap;
  });
  return [y, index];
};

export const maxPool2dBackward: ReferenceRule<MaxPool2dBackwardAttrs> = ([dy, index], attrs) => {
  const dx = zeros(attrs.inputShape);
  eachTap(dx.shape, dy.shape, attrs, (o, tap, i) => {
    if (index.data[o] === tap) dx.data[i] += dy.data[o];
  });
  return [dx];
};

/** Elements that each window averages over: all of the kernel, or only those inside the image. */
function counts(x: Shape, y: RefArray, attrs: AvgPool2dAttrs): Float64Array {
  const result = new Float64Array(y.data.length);
  if (attrs.countIncludePad) return result.fill(attrs.kernel[0] * attrs.kernel[1]);
  eachTap(x, y.shape, attrs, (o) => {
    result[o]++;
  });
  return result;
}

export const avgPool2d: ReferenceRule<AvgPool2dAttrs> = ([x], attrs) => {
  const y = pooled(x.shape, attrs);
  const count = counts(x.shape, y, attrs);
  eachTap(x.shape, y.shape, attrs, (o, _, i) => {
    y.data[o] += x.data[i] / count[o];
  });
  return [y];
};

export const avgPool2dBackward: ReferenceRule<AvgPool2dBackwardAttrs> = ([dy], attrs) => {
  const dx = zeros(attrs.inputShape);
  const count = counts(dx.shape, dy, attrs);
  eachTap(dx.shape, dy.shape, attrs, (o, _, i) => {
    dx.data[i] += dy.data[o] / count[o];
  });
  return [dx];
};
