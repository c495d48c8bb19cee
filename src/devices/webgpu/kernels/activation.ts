import source from '../../../../shaders/activation/activation.wgsl';
import backwardSource from '../../../../shaders/activation/activation_backward.wgsl';
import type { ActivationAttrs, ActivationBackwardAttrs, ActivationKind } from '../../../ops/activation.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { flat, vectors, WORKGROUP } from './lanes.js';

export const activationShader = {
  name: 'activation',
  source,
  bindings: ['x', 'y'],
  params: { vectors: 'u32', slope: 'f32' },
  overrides: ['KIND'],
} as const satisfies Shader;

export const activationBackwardShader = {
  name: 'activation_backward',
  source: backwardSource,
  bindings: ['x', 'dy', 'dx'],
  params: { vectors: 'u32', slope: 'f32' },
  overrides: ['KIND'],
} as const satisfies Shader;

/** KIND of each function in the shaders. */
const kinds: Record<ActivationKind, number> = {
  relu: 0,
  relu6: 1,
  leakyRelu: 2,
  sigmoid: 3,
  silu: 4,
  hardSwish: 5,
  hardSigmoid: 6,
  gelu: 7,
  tanh: 8,
};

export const lowerActivation: WebgpuLower<ActivationAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => ({
  calls: [
    dispatch(activationShader, {
      buffers: { x: flat(x), y: flat(y) },
      params: { vectors: vectors(y), slope: attrs.slope },
      overrides: { KIND: kinds[attrs.kind] },
      workgroups: linearWorkgroups(vectors(y), WORKGROUP, target),
    }),
  ],
});

export const lowerActivationBackward: WebgpuLower<ActivationBackwardAttrs> = (node, target) => {
  const { attrs, inputs, outputs } = node;
  const [x, dy] = inputs;
  const [dx] = outputs;
  return {
    calls: [
      dispatch(activationBackwardShader, {
        buffers: { x: flat(x), dy: flat(dy), dx: flat(dx) },
        params: { vectors: vectors(dx), slope: attrs.slope },
        overrides: { KIND: kinds[attrs.kind] },
        workgroups: linearWorkgroups(vectors(dx), WORKGROUP, target),
      }),
    ],
  };
};
