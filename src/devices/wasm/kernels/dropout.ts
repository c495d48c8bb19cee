import type { DropoutAttrs } from '../../../ops/dropout.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

export const dropoutKernel = {
  name: 'dropout',
  fields: {
    x: 'ptr',
    counter: 'ptr',
    y: 'ptr',
    count: 'i32',
    seed: 'i32',
    stream: 'i32',
    threshold: 'i32',
    scale: 'f32',
  },
} as const satisfies WasmKernel;

export const lowerDropout: WasmLower<DropoutAttrs> = ({ inputs: [x, counter], outputs: [y], attrs }) => ({
  calls: [
    call(dropoutKernel, {
      x: at(x),
      counter: at(counter),
      y: at(y),
      count: size(x.shape),
      seed: attrs.seed,
      stream: attrs.stream,
      // word >>> 8 >= p 2^24 in whole numbers, so that p is never rounded.
      threshold: Math.ceil(attrs.p * 2 ** 24),
      scale: 1 / (1 - attrs.p),
    }),
  ],
});
