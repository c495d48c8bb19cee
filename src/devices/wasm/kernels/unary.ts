import type { UnaryAttrs, UnaryKind } from '../../../ops/unary.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

/** In the order of the constants of assembly/kernels/unary.ts. */
const unaryKinds: readonly UnaryKind[] = ['neg', 'exp', 'log', 'sqrt', 'square', 'abs', 'reciprocal', 'sign'];

export const unaryKernel = {
  name: 'unary',
  fields: { x: 'ptr', y: 'ptr', count: 'i32', kind: 'i32' },
} as const satisfies WasmKernel;

export const lowerUnary: WasmLower<UnaryAttrs> = ({ inputs: [x], outputs: [y], attrs: { kind } }) => ({
  calls: [call(unaryKernel, { x: at(x), y: at(y), count: size(x.shape), kind: unaryKinds.indexOf(kind) })],
});
