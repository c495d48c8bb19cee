import type { Conv2dAttrs } from '../../../ops/conv2d.js';
import type { Shape } from '../../../tensor/shape.js';

/** What every kernel of a convolution needs to know, whichever way it runs. */
export interface ConvGeometry {
  /** True when each channel has one filter of its own. */
  readonly depthwise: boolean;
  /** 4 when the channels of a group are multiples of 4, so that kernels may load vec4f; else 1. */
  readonly width: 4 | 1;
  readonly batch: number;
  /** Output pixels, the batch included. */
  readonly pixels: number;
  /** Channels of one group. */
  readonly groupIn: number;
  readonly groupOut: number;
  readonly taps: number;
  /** Params shared by all the kernels. */
  readonly maps: {
    readonly out_height: number;
    readonly out_width: number;
    readonly in_height: number;
    readonly in_width: number;
    readonly pad_top: number;
    readonly pad_left: number;
  };
  /** Pipeline constants shared by all the kernels. */
  readonly window: {
    readonly KERNEL_H: number;
    readonly KERNEL_W: number;
    readonly STRIDE_H: number;
    readonly STRIDE_W: number;
    readonly DILATION_H: number;
    readonly DILATION_W: number;
  };
}

export const mapParams = {
  out_height: 'u32',
  out_width: 'u32',
  in_height: 'u32',
  in_width: 'u32',
  pad_top: 'u32',
  pad_left: 'u32',
} as const;

export const rowOverrides = ['KERNEL_W', 'STRIDE_H', 'STRIDE_W', 'DILATION_H', 'DILATION_W'] as const;
export const windowOverrides = ['KERNEL_H', ...rowOverrides] as const;

/** `input` [N,C,H,W], `weight` [O,C/groups,kH,kW], `output` [N,O,OH,OW], all logical. */
export function convGeometry(attrs: Conv2dAttrs, input: Shape, weight: Shape, output: Shape): ConvGeometry {
  const { stride, padding, dilation, groups } = attrs;
  const [, inputs, inHeight, inWidth] = input;
  const [outputs, groupIn, kernelHeight, kernelWidth] = weight;
  const [batch, , outHeight, outWidth] = output;
  const groupOut = outputs / groups;
  const depthwise = groups > 1 && groups === inputs && groups === outputs;
  const vectors = depthwise ? inputs % 4 === 0 : groupIn % 4 === 0 && groupOut % 4 === 0;
  return {
    depthwise,
    width: vectors ? 4 : 1,
    batch,
    pixels: batch * outHeight * outWidth,
    groupIn,
    groupOut,
    taps: kernelHeight * kernelWidth,
    maps: {
      out_height: outHeight,
      out_width: outWidth,
      in_height: inHeight,
      in_width: inWidth,
      pad_top: padding[0],
      pad_left: padding[2],
    },
    window: {
      KERNEL_H: kernelHeight,
      KERNEL_W: kernelWidth,
      STRIDE_H: stride[0],
      STRIDE_W: stride[1],
      DILATION_H: dilation[0],
      DILATION_W: dilation[1],
    },
  };
}
