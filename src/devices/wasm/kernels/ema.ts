import type { EmaAttrs } from '../../../ops/ema.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { segmentTable } from '../segments.js';

export const emaKernel = {
  name: 'ema',
  fields: {
    value: 'ptr',
    average: 'ptr',
    newAverage: 'ptr',
    segments: 'ptr',
    count: 'i32',
    keep: 'f32',
    momentum: 'f32',
  },
} as const satisfies WasmKernel;

export const lowerEma: WasmLower<EmaAttrs> = ({ inputs, outputs, attrs: { count: n, momentum } }) => {
  const constants = new Constants();
  return {
    calls: [
      call(emaKernel, {
        value: at(inputs[0]),
        average: at(inputs[n]),
        newAverage: at(outputs[0]),
        ...segmentTable(inputs.slice(0, n), constants),
        keep: 1 - momentum,
        momentum,
      }),
    ],
    constants: constants.bytes,
  };
};
