import source from '../../../../shaders/ema/ema.wgsl';
import type { EmaAttrs } from '../../../ops/ema.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { block } from './multi-tensor.js';

export const emaShader = {
  name: 'ema',
  source,
  bindings: ['values', 'averages', 'table'],
  params: { chunks: 'u32', momentum: 'f32', rest: 'f32' },
  overrides: [],
} as const satisfies Shader;

export const lowerEma: WebgpuLower<EmaAttrs> = ({ attrs, inputs, outputs }, target) => {
  const { count, momentum } = attrs;
  const { windows, constants } = block(inputs.slice(0, count), target);
  const calls = windows.map((window) =>
    dispatch(emaShader, {
      buffers: { values: window.list(inputs[0]), averages: window.list(outputs[0]), table: window.table },
      params: { chunks: window.chunks, momentum, rest: 1 - momentum },
      workgroups: window.workgroups,
    }),
  );
  return { calls, constants };
};
