import source from '../../../../shaders/unary/unary.wgsl';
import type { UnaryAttrs, UnaryKind } from '../../../ops/unary.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { flat, vectors, WORKGROUP } from './lanes.js';

export const unaryShader = {
  name: 'unary',
  source,
  bindings: ['x', 'y'],
  params: { vectors: 'u32' },
  overrides: ['KIND'],
} as const satisfies Shader;

/** KIND of each function in the shader. */
const kinds: Record<UnaryKind, number> = {
  neg: 0,
  exp: 1,
  log: 2,
  sqrt: 3,
  square: 4,
  abs: 5,
  reciprocal: 6,
  sign: 7,
};

export const lowerUnary: WebgpuLower<UnaryAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => ({
  calls: [
    dispatch(unaryShader, {
      buffers: { x: flat(x), y: flat(y) },
      params: { vectors: vectors(y) },
      overrides: { KIND: kinds[attrs.kind] },
      workgroups: linearWorkgroups(vectors(y), WORKGROUP, target),
    }),
  ],
});
