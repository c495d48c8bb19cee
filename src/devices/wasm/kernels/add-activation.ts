import type { AddActivationAttrs } from '../../../ops/add-activation.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';
import { activations } from './batch-norm.js';

export const addActivationKernel = {
  name: 'addActivation',
  fields: { a: 'ptr', b: 'ptr', y: 'ptr', count: 'i32', activation: 'i32' },
} as const satisfies WasmKernel;

export const lowerAddActivation: WasmLower<AddActivationAttrs> = ({ inputs: [a, b], outputs: [y], attrs }) => {
  const activation = activations[attrs.activation];
  return { calls: [call(addActivationKernel, { a: at(a), b: at(b), y: at(y), count: size(y.shape), activation })] };
};
