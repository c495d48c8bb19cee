import type { SliceAttrs } from '../../../ops/slice.js';
import { bytesPerElement } from '../../../tensor/dtype.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import type { WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

export const lowerSlice: WasmLower<SliceAttrs> = ({ inputs: [x], outputs: [y], attrs: { start, step } }) => {
  const constants = new Constants();
  const bytes = bytesPerElement[y.dtype];
  const strides = physicalStrides(x.shape, x.layout);
  const first = strides.reduce((sum, stride, i) => sum + stride * start[i], 0);
  const from = { operand: at(x, first * bytes), strides: strides.map((stride, i) => stride * step[i]) };
  const to = { operand: at(y), strides: physicalStrides(y.shape, y.layout) };
  return { calls: [copyStrided(y.shape, from, to, bytes, constants)], constants: constants.bytes };
};
