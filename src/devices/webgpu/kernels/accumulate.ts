import source from '../../../../shaders/accumulate/accumulate.wgsl';
import type { AccumulateAttrs } from '../../../ops/accumulate.js';
import { at } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { block } from './multi-tensor.js';

export const accumulateShader = {
  name: 'accumulate',
  source,
  bindings: ['sums', 'gradients', 'factor', 'table'],
  params: { chunks: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const lowerAccumulate: WebgpuLower<AccumulateAttrs> = ({ attrs, inputs, outputs }, target) => {
  const { count } = attrs;
  const { windows, constants } = block(inputs.slice(0, count), target);
  const calls = windows.map((window) =>
    dispatch(accumulateShader, {
      buffers: {
        sums: window.list(outputs[0]),
        gradients: window.list(inputs[count]),
        factor: at(inputs[2 * count]),
        table: window.table,
      },
      params: { chunks: window.chunks },
      workgroups: window.workgroups,
    }),
  );
  return { calls, constants };
};
