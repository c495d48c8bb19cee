import type { ToFloatAttrs } from '../../../ops/to-float.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

export const toFloatKernel = {
  name: 'toFloat',
  fields: { x: 'ptr', y: 'ptr', scale: 'ptr', shift: 'ptr', channels: 'i32', count: 'i32' },
} as const satisfies WasmKernel;

const LANES = 4;

export const lowerToFloat: WasmLower<ToFloatAttrs> = ({ inputs: [x], outputs: [y], attrs: { scale, shift } }) => {
  const constants = new Constants();
  const channels = x.shape[1];
  /** Long enough to load a vector from any channel on. */
  const table = (values: readonly number[]) =>
    constants.add(
      Float32Array.from({ length: channels + LANES - 1 }, (_, i) => values[(i % channels) % values.length]),
    );
  return {
    calls: [
      call(toFloatKernel, {
        x: at(x),
        y: at(y),
        scale: table(scale),
        shift: table(shift),
        channels,
        count: size(x.shape),
      }),
    ],
    constants: constants.bytes,
  };
};
