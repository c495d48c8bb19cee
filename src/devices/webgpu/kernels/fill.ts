import source from '../../../../shaders/fill/fill.wgsl';
import type { FillAttrs } from '../../../ops/fill.js';
import type { DType } from '../../../tensor/dtype.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { flat, WORKGROUP } from './lanes.js';

export const fillShader = {
  name: 'fill',
  source,
  bindings: ['y'],
  params: { vectors: 'u32', bits: 'u32' },
  overrides: [],
} as const satisfies Shader;

/** The word that holds `value`; bytes are repeated four times. */
function pattern(value: number, dtype: DType): number {
  if (dtype === 'f32') return new Uint32Array(new Float32Array([value]).buffer)[0];
  return dtype === 'u8' ? (value & 0xff) * 0x01010101 : value >>> 0;
}

export const lowerFill: WebgpuLower<FillAttrs> = ({ attrs, outputs: [y] }, target) => {
  const vectors = Math.ceil(y.bytes / 16);
  return {
    calls: [
      dispatch(fillShader, {
        buffers: { y: flat(y) },
        params: { vectors, bits: pattern(attrs.value, y.dtype) },
        workgroups: linearWorkgroups(vectors, WORKGROUP, target),
      }),
    ],
  };
};
