import source from '../../../../shaders/to_float/to_float.wgsl';
import type { ToFloatAttrs } from '../../../ops/to-float.js';
import { at } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { flat, vectors, WORKGROUP } from './lanes.js';

export const toFloatShader = {
  name: 'to_float',
  source,
  bindings: ['x', 'scale_shift', 'y'],
  params: { vectors: 'u32', channels: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const lowerToFloat: WebgpuLower<ToFloatAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => {
  const { scale, shift } = attrs;
  const channels = Math.max(scale.length, shift.length);
  const each = (values: readonly number[]) => Array.from({ length: channels }, (_, c) => values[c % values.length]);
  return {
    calls: [
      dispatch(toFloatShader, {
        buffers: { x: at(x), scale_shift: at('constants'), y: flat(y) },
        params: { vectors: vectors(y), channels },
        workgroups: linearWorkgroups(vectors(y), WORKGROUP, target),
      }),
    ],
    constants: new Uint8Array(Float32Array.from([...each(scale), ...each(shift)]).buffer),
  };
};
