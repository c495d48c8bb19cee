import type { FillAttrs } from '../../../ops/fill.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

export const fillKernel = {
  name: 'fill',
  fields: { y: 'ptr', count: 'i32', value: 'f32' },
} as const satisfies WasmKernel;

export const lowerFill: WasmLower<FillAttrs> = ({ outputs: [y], attrs: { value } }) => ({
  calls: [call(fillKernel, { y: at(y), count: size(y.shape), value })],
});
