import type {
  LogSoftmaxAttrs,
  LogSoftmaxBackwardAttrs,
  SoftmaxAttrs,
  SoftmaxBackwardAttrs,
} from '../../../ops/softmax.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { aroundAxis } from '../axis.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

export const softmaxKernel = {
  name: 'softmax',
  fields: { x: 'ptr', y: 'ptr', outer: 'i32', count: 'i32', inner: 'i32', logarithm: 'i32' },
} as const satisfies WasmKernel;

export const softmaxBackwardKernel = {
  name: 'softmaxBackward',
  fields: { y: 'ptr', dy: 'ptr', dx: 'ptr', outer: 'i32', count: 'i32', inner: 'i32', logarithm: 'i32' },
} as const satisfies WasmKernel;

const forward =
  (logarithm: number): WasmLower<SoftmaxAttrs> =>
  ({ inputs: [x], outputs: [y], attrs }) => {
    const axis = normalizeAxis(attrs.axis, x.shape.length, 'softmax');
    return { calls: [call(softmaxKernel, { x: at(x), y: at(y), ...aroundAxis(x, axis), logarithm })] };
  };

const backward =
  (logarithm: number): WasmLower<SoftmaxBackwardAttrs> =>
  ({ inputs: [y, dy], outputs: [dx], attrs }) => {
    const axis = normalizeAxis(attrs.axis, y.shape.length, 'softmax');
    const operands = { y: at(y), dy: at(dy), dx: at(dx) };
    return { calls: [call(softmaxBackwardKernel, { ...operands, ...aroundAxis(y, axis), logarithm })] };
  };

export const lowerSoftmax: WasmLower<SoftmaxAttrs> = forward(0);
export const lowerSoftmaxBackward: WasmLower<SoftmaxBackwardAttrs> = backward(0);
export const lowerLogSoftmax: WasmLower<LogSoftmaxAttrs> = forward(1);
export const lowerLogSoftmaxBackward: WasmLower<LogSoftmaxBackwardAttrs> = backward(1);
