import { at, type Lowering, type Operand, type Value } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmCall, type WasmKernel } from '../kernel.js';

export const gather2dKernel = {
  name: 'gather2d',
  fields: {
    x: 'ptr',
    y: 'ptr',
    rowStarts: 'ptr',
    rowTaps: 'ptr',
    columnStarts: 'ptr',
    columnTaps: 'ptr',
    batch: 'i32',
    channels: 'i32',
    inH: 'i32',
    inW: 'i32',
    outH: 'i32',
    outW: 'i32',
  },
} as const satisfies WasmKernel;

/** One source position along an axis, and how much of it is taken. */
export interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** Of each output position along one axis. */
export type Taps = readonly (readonly Tap[])[];

/** The gradient's taps: each source position gathers from the outputs that took it, in order. */
export function transposeTaps(taps: Taps, sources: number): Tap[][] {
  const result = Array.from({ length: sources }, (): Tap[] => []);
  taps.forEach((list, output) => {
    for (const { index, weight } of list) result[index].push({ index: output, weight });
  });
  return result;
}

function table(taps: Taps, constants: Constants): { starts: Operand; taps: Operand } {
  const starts = new Int32Array(taps.length + 1);
  taps.forEach((list, i) => {
    starts[i + 1] = starts[i] + list.length;
  });
  const integers = new Int32Array(2 * starts[taps.length]);
  const floats = new Float32Array(integers.buffer);
  taps.flat().forEach(({ index, weight }, i) => {
    integers[2 * i] = index;
    floats[2 * i + 1] = weight;
  });
  return { starts: constants.add(starts), taps: constants.add(integers) };
}

/** y[n][h][w] = sum of x over the taps of row h and column w, channels last. */
export function gather2d(x: Value, y: Value, rows: Taps, columns: Taps): Lowering<WasmCall> {
  const constants = new Constants();
  const [batch, channels, inH, inW] = x.shape;
  const [, , outH, outW] = y.shape;
  const row = table(rows, constants);
  const column = table(columns, constants);
  return {
    calls: [
      call(gather2dKernel, {
        x: at(x),
        y: at(y),
        rowStarts: row.starts,
        rowTaps: row.taps,
        columnStarts: column.starts,
        columnTaps: column.taps,
        ...{ batch, channels, inH, inW, outH, outW },
      }),
    ],
    constants: constants.bytes,
  };
}
