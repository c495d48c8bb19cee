import type { AdamAttrs } from '../../../ops/adam.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { segmentTable } from '../segments.js';

export const adamKernel = {
  name: 'adam',
  fields: {
    parameter: 'ptr',
    gradient: 'ptr',
    first: 'ptr',
    second: 'ptr',
    lr: 'ptr',
    biasCorrection1: 'ptr',
    biasCorrection2: 'ptr',
    coefficient: 'ptr',
    newParameter: 'ptr',
    newFirst: 'ptr',
    newSecond: 'ptr',
    segments: 'ptr',
    count: 'i32',
    beta1: 'f32',
    beta2: 'f32',
    gamma1: 'f32',
    gamma2: 'f32',
    eps: 'f32',
    decoupled: 'i32',
  },
} as const satisfies WasmKernel;

export const lowerAdam: WasmLower<AdamAttrs> = ({ inputs, outputs, attrs }) => {
  const n = attrs.count;
  const [beta1, beta2] = attrs.betas;
  const constants = new Constants();
  return {
    calls: [
      call(adamKernel, {
        parameter: at(inputs[0]),
        gradient: at(inputs[n]),
        first: at(inputs[2 * n]),
        second: at(inputs[3 * n]),
        lr: at(inputs[4 * n]),
        biasCorrection1: at(inputs[4 * n + 1]),
        biasCorrection2: at(inputs[4 * n + 2]),
        coefficient: attrs.clipped ? at(inputs[4 * n + 3]) : null,
        newParameter: at(outputs[0]),
        newFirst: at(outputs[n]),
        newSecond: at(outputs[2 * n]),
        ...segmentTable(inputs.slice(0, n), constants, attrs),
        beta1,
        beta2,
        gamma1: 1 - beta1,
        gamma2: 1 - beta2,
        eps: attrs.eps,
        decoupled: Number(attrs.decoupled),
      }),
    ],
    constants: constants.bytes,
  };
};
