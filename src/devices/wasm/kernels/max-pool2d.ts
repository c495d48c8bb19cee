import type { MaxPool2dAttrs, MaxPool2dBackwardAttrs } from '../../../ops/max-pool2d.js';
import type { Shape } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

const geometryFields = {
  batch: 'i32',
  channels: 'i32',
  inH: 'i32',
  inW: 'i32',
  outH: 'i32',
  outW: 'i32',
  kernelH: 'i32',
  kernelW: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
} as const;

export const maxPool2dKernel = {
  name: 'maxPool2d',
  fields: { x: 'ptr', y: 'ptr', index: 'ptr', ...geometryFields },
} as const satisfies WasmKernel;

export const maxPool2dBackwardKernel = {
  name: 'maxPool2dBackward',
  fields: { dy: 'ptr', index: 'ptr', dx: 'ptr', ...geometryFields },
} as const satisfies WasmKernel;

function geometry([batch, channels, inH, inW]: Shape, [, , outH, outW]: Shape, attrs: MaxPool2dAttrs) {
  const [kernelH, kernelW] = attrs.kernel;
  const [strideH, strideW] = attrs.stride;
  const [padTop, , padLeft] = attrs.padding;
  const [dilationH, dilationW] = attrs.dilation;
  return {
    ...{ batch, channels, inH, inW, outH, outW, kernelH, kernelW },
    ...{ strideH, strideW, padTop, padLeft, dilationH, dilationW },
  };
}

export const lowerMaxPool2d: WasmLower<MaxPool2dAttrs> = ({ inputs: [x], outputs: [y, index], attrs }) => ({
  calls: [call(maxPool2dKernel, { x: at(x), y: at(y), index: at(index), ...geometry(x.shape, y.shape, attrs) })],
});

export const lowerMaxPool2dBackward: WasmLower<MaxPool2dBackwardAttrs> = ({ inputs, outputs: [dx], attrs }) => {
  const [dy, index] = inputs;
  const shapes = geometry(dx.shape, dy.shape, attrs);
  return { calls: [call(maxPool2dBackwardKernel, { dy: at(dy), index: at(index), dx: at(dx), ...shapes })] };
};
