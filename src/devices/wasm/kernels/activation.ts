import type { ActivationAttrs, ActivationBackwardAttrs, ActivationKind } from '../../../ops/activation.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmKernel, type WasmLower } from '../kernel.js';

/** In the order of the constants of assembly/kernels/activation.ts. */
const activationKinds: readonly ActivationKind[] = [
  'relu',
  'relu6',
  'leakyRelu',
  'sigmoid',
  'silu',
  'hardSwish',
  'hardSigmoid',
  'gelu',
  'tanh',
];

export const activationKernel = {
  name: 'activation',
  fields: { x: 'ptr', y: 'ptr', count: 'i32', kind: 'i32', slope: 'f32' },
} as const satisfies WasmKernel;

export const activationBackwardKernel = {
  name: 'activationBackward',
  fields: { x: 'ptr', dy: 'ptr', dx: 'ptr', count: 'i32', kind: 'i32', slope: 'f32' },
} as const satisfies WasmKernel;

export const lowerActivation: WasmLower<ActivationAttrs> = ({ inputs: [x], outputs: [y], attrs: { kind, slope } }) => ({
  calls: [
    call(activationKernel, { x: at(x), y: at(y), count: size(x.shape), kind: activationKinds.indexOf(kind), slope }),
  ],
});

export const lowerActivationBackward: WasmLower<ActivationBackwardAttrs> = ({ inputs, outputs: [dx], attrs }) => {
  const [x, dy] = inputs;
  const kind = activationKinds.indexOf(attrs.kind);
  return {
    calls: [
      call(activationBackwardKernel, {
        x: at(x),
        dy: at(dy),
        dx: at(dx),
        count: size(x.shape),
        kind,
        slope: attrs.slope,
      }),
    ],
  };
};
