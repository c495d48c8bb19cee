import type { PadAttrs } from '../../../ops/pad.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmLower } from '../kernel.js';
import { fillKernel } from './fill.js';
import { copyStrided } from './strided.js';

const F32_BYTES = 4;

/** Fills everything, then copies x into the middle. */
export const lowerPad: WasmLower<PadAttrs> = ({ inputs: [x], outputs: [y], attrs: { before, value } }) => {
  const constants = new Constants();
  const strides = physicalStrides(y.shape, y.layout);
  const first = strides.reduce((sum, stride, i) => sum + stride * before[i], 0);
  const from = { operand: at(x), strides: physicalStrides(x.shape, x.layout) };
  const to = { operand: at(y, first * F32_BYTES), strides };
  return {
    calls: [
      call(fillKernel, { y: at(y), count: size(y.shape), value }),
      copyStrided(x.shape, from, to, F32_BYTES, constants),
    ],
    constants: constants.bytes,
  };
};
