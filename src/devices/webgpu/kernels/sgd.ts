import source from '../../../../shaders/sgd/sgd.wgsl';
import type { SgdAttrs } from '../../../ops/sgd.js';
import { at } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { block, ONE } from './multi-tensor.js';

export const sgdShader = {
  name: 'sgd',
  source,
  bindings: ['parameters', 'gradients', 'momenta', 'lr', 'coefficient', 'table'],
  params: { chunks: 'u32', momentum: 'f32' },
  overrides: ['NESTEROV'],
} as const satisfies Shader;

export const lowerSgd: WebgpuLower<SgdAttrs> = ({ attrs, inputs, outputs }, target) => {
  const { count, momentum, nesterov, clipped } = attrs;
  const { windows, constants } = block(inputs.slice(0, count), target, attrs);
  const calls = windows.map((window) =>
    dispatch(sgdShader, {
      buffers: {
        parameters: window.list(outputs[0]),
        gradients: window.list(inputs[count]),
        momenta: window.list(outputs[count]),
        lr: at(inputs[3 * count]),
        coefficient: clipped ? at(inputs[3 * count + 1]) : ONE,
        table: window.table,
      },
      params: { chunks: window.chunks, momentum },
      overrides: { NESTEROV: nesterov ? 1 : 0 },
      workgroups: window.workgroups,
    }),
  );
  return { calls, constants };
};
