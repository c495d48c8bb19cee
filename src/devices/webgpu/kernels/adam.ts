import source from '../../../../shaders/adam/adam.wgsl';
import scalarsSource from '../../../../shaders/adam/adam_scalars.wgsl';
import type { AdamAttrs } from '../../../ops/adam.js';
import { at } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { block, ONE } from './multi-tensor.js';

export const adamShader = {
  name: 'adam',
  source,
  bindings: ['parameters', 'gradients', 'first_moments', 'second_moments', 'scalars', 'table'],
  params: { chunks: 'u32', beta1: 'f32', beta2: 'f32', rest1: 'f32', rest2: 'f32', eps: 'f32' },
  overrides: ['DECOUPLED'],
} as const satisfies Shader;

export const adamScalarsShader = {
  name: 'adam_scalars',
  source: scalarsSource,
  bindings: ['lr', 'correction1', 'correction2', 'coefficient', 'scalars'],
  params: {},
  overrides: [],
} as const satisfies Shader;

export const lowerAdam: WebgpuLower<AdamAttrs> = ({ attrs, inputs, outputs }, target) => {
  const { count, betas, eps, decoupled, clipped } = attrs;
  const { windows, constants } = block(inputs.slice(0, count), target, attrs);
  const [lr, correction1, correction2, coefficient] = inputs.slice(4 * count);
  const scalars = dispatch(adamScalarsShader, {
    buffers: {
      lr: at(lr),
      correction1: at(correction1),
      correction2: at(correction2),
      coefficient: clipped ? at(coefficient) : ONE,
      scalars: at('workspace'),
    },
    params: {},
    workgroups: [1, 1, 1],
  });
  const updates = windows.map((window) =>
    dispatch(adamShader, {
      buffers: {
        parameters: window.list(outputs[0]),
        gradients: window.list(inputs[count]),
        first_moments: window.list(outputs[count]),
        second_moments: window.list(outputs[2 * count]),
        scalars: at('workspace'),
        table: window.table,
      },
      params: {
        chunks: window.chunks,
        beta1: betas[0],
        beta2: betas[1],
        rest1: 1 - betas[0],
        rest2: 1 - betas[1],
        eps,
      },
      overrides: { DECOUPLED: decoupled ? 1 : 0 },
      workgroups: window.workgroups,
    }),
  );
  return { calls: [scalars, ...updates], workspace: 16, constants };
};
