import type { BinaryAttrs, BinaryKind } from '../../../ops/binary.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { broadcastStrides } from '../broadcast.js';
import { Constants } from '../constants.js';
import { call, type WasmKernel, type WasmLower, withRole } from '../kernel.js';
import { imagesOf } from '../sections.js';
import { axisTable, collapse } from './strided.js';

/** In the order of the constants of assembly/kernels/binary.ts. */
const binaryKinds: readonly BinaryKind[] = ['add', 'sub', 'mul', 'div', 'min', 'max'];

export const binaryKernel = {
  name: 'binary',
  fields: { a: 'ptr', b: 'ptr', y: 'ptr', axes: 'ptr', outer: 'i32', count: 'i32', kind: 'i32' },
} as const satisfies WasmKernel;

const F32_BYTES = 4;

export const lowerBinary: WasmLower<BinaryAttrs> = ({ inputs: [a, b], outputs: [y], attrs: { kind } }, { threads }) => {
  const constants = new Constants();
  const steps = [broadcastStrides(a, y.shape), broadcastStrides(b, y.shape)];
  const loops = y.layout.map((axis) => ({ size: y.shape[axis], steps: steps.map((s) => s[axis] * F32_BYTES) }));
  const axes = collapse(loops, [F32_BYTES, F32_BYTES]);
  const made = call(binaryKernel, {
    a: at(a),
    b: at(b),
    y: at(y),
    axes: constants.add(axisTable(axes)),
    outer: axes.length - 1,
    count: size(y.shape),
    kind: binaryKinds.indexOf(kind),
  });
  // A share is a whole number of vectors of 4.
  const alike = a.shape.join() === y.shape.join() && b.shape.join() === y.shape.join();
  const images = alike ? imagesOf([a, b, y], size(y.shape.slice(1)) / 4, threads) : undefined;
  return { calls: [withRole(made, images)], constants: constants.bytes };
};
