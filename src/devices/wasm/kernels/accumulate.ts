import type { AccumulateAttrs } from '../../../ops/accumulate.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { segmentTable } from '../segments.js';

export const accumulateKernel = {
  name: 'accumulate',
  fields: { sum: 'ptr', gradient: 'ptr', factor: 'ptr', newSum: 'ptr', segments: 'ptr', count: 'i32' },
} as const satisfies WasmKernel;

export const lowerAccumulate: WasmLower<AccumulateAttrs> = ({ inputs, outputs, attrs: { count: n } }) => {
  const constants = new Constants();
  return {
    calls: [
      call(accumulateKernel, {
        sum: at(inputs[0]),
        gradient: at(inputs[n]),
        factor: at(inputs[2 * n]),
        newSum: at(outputs[0]),
        ...segmentTable(inputs.slice(0, n), constants),
      }),
    ],
    constants: constants.bytes,
  };
};
