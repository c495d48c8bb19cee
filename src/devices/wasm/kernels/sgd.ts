import type { SgdAttrs } from '../../../ops/sgd.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { segmentTable } from '../segments.js';

export const sgdKernel = {
  name: 'sgd',
  fields: {
    parameter: 'ptr',
    gradient: 'ptr',
    velocity: 'ptr',
    lr: 'ptr',
    coefficient: 'ptr',
    newParameter: 'ptr',
    newVelocity: 'ptr',
    segments: 'ptr',
    count: 'i32',
    momentum: 'f32',
    nesterov: 'i32',
  },
} as const satisfies WasmKernel;

export const lowerSgd: WasmLower<SgdAttrs> = ({ inputs, outputs, attrs }) => {
  const { count: n, momentum, nesterov, clipped } = attrs;
  const constants = new Constants();
  return {
    calls: [
      call(sgdKernel, {
        parameter: at(inputs[0]),
        gradient: at(inputs[n]),
        velocity: at(inputs[2 * n]),
        lr: at(inputs[3 * n]),
        coefficient: clipped ? at(inputs[3 * n + 1]) : null,
        newParameter: at(outputs[0]),
        newVelocity: at(outputs[n]),
        ...segmentTable(inputs.slice(0, n), constants, attrs),
        momentum,
        nesterov: Number(nesterov),
      }),
    ],
    constants: constants.bytes,
  };
};
