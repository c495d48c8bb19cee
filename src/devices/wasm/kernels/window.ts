import type { Conv2dAttrs } from '../../../ops/conv2d.js';
import type { Value } from '../../device.js';

/** Mirrors `Window` in assembly/kernels/window.ts, without its five leading fields. */
export const geometryFields = {
  batch: 'i32',
  inH: 'i32',
  inW: 'i32',
  xPixel: 'i32',
  outH: 'i32',
  outW: 'i32',
  yBatch: 'i32',
  yRow: 'i32',
  yPixel: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  offsetH: 'i32',
  offsetW: 'i32',
  tapsH: 'i32',
  tapsW: 'i32',
  stepH: 'i32',
  stepW: 'i32',
} as const;

export type Geometry = { readonly [K in keyof typeof geometryFields]: number };

/** The windows that a forward pass slides over x, and the positions of y that see them. */
export function forwardGeometry(
  x: Value,
  y: Value,
  w: { readonly shape: readonly number[] },
  attrs: Conv2dAttrs,
): Geometry {
  const [batch, channels, inH, inW] = x.shape;
  const [, outChannels, outH, outW] = y.shape;
  return {
    batch,
    inH,
    inW,
    xPixel: channels * 4,
    outH,
    outW,
    yBatch: outH * outW * outChannels * 4,
    yRow: outW * outChannels * 4,
    yPixel: outChannels * 4,
    strideH: attrs.stride[0],
    strideW: attrs.stride[1],
    offsetH: -attrs.padding[0],
    offsetW: -attrs.padding[2],
    tapsH: w.shape[2],
    tapsW: w.shape[3],
    stepH: attrs.dilation[0],
    stepW: attrs.dilation[1],
  };
}

/** True when the convolution is a plain matrix product over pixels. */
export function isPointwise(w: readonly number[], { stride, padding, groups }: Conv2dAttrs): boolean {
  return w[2] * w[3] === 1 && stride[0] * stride[1] === 1 && groups === 1 && padding.every((p) => p === 0);
}

/** True when every channel has one filter of its own. */
export function isDepthwise(w: readonly number[], { groups }: Conv2dAttrs): boolean {
  return w[1] === 1 && w[0] === groups;
}
