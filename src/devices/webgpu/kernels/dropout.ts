import source from '../../../../shaders/dropout/dropout.wgsl';
import type { DropoutAttrs } from '../../../ops/dropout.js';
import { at } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { flat, vectors, WORKGROUP } from './lanes.js';

export const dropoutShader = {
  name: 'dropout',
  source,
  bindings: ['x', 'counter', 'y'],
  params: { vectors: 'u32', seed: 'u32', stream: 'u32', p: 'f32', scale: 'f32' },
  overrides: [],
} as const satisfies Shader;

export const lowerDropout: WebgpuLower<DropoutAttrs> = ({ attrs, inputs: [x, counter], outputs: [y] }, target) => ({
  calls: [
    dispatch(dropoutShader, {
      buffers: { x: flat(x), counter: at(counter), y: flat(y) },
      params: {
        vectors: vectors(y),
        seed: attrs.seed >>> 0,
        stream: attrs.stream >>> 0,
        p: attrs.p,
        scale: 1 / (1 - attrs.p),
      },
      workgroups: linearWorkgroups(vectors(y), WORKGROUP, target),
    }),
  ],
});
