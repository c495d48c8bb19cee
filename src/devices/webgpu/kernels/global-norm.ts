import source from '../../../../shaders/global_norm/global_norm.wgsl';
import squaresSource from '../../../../shaders/global_norm/global_norm_squares.wgsl';
import type { GlobalNormAttrs } from '../../../ops/global-norm.js';
import { at } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { block } from './multi-tensor.js';

export const globalNormSquaresShader = {
  name: 'global_norm_squares',
  source: squaresSource,
  bindings: ['gradients', 'table', 'partials'],
  params: { chunks: 'u32', first: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const globalNormShader = {
  name: 'global_norm',
  source,
  bindings: ['partials', 'norm', 'coefficient'],
  params: { count: 'u32', max_norm: 'f32' },
  overrides: [],
} as const satisfies Shader;

export const lowerGlobalNorm: WebgpuLower<GlobalNormAttrs> = ({ attrs, inputs, outputs }, target) => {
  const { windows, chunks, constants } = block(inputs, target);
  const [norm, coefficient] = outputs;
  const squares = windows.map((window) =>
    dispatch(globalNormSquaresShader, {
      buffers: { gradients: window.list(inputs[0]), table: window.table, partials: at('workspace') },
      params: { chunks: window.chunks, first: window.first },
      workgroups: window.workgroups,
    }),
  );
  const total = dispatch(globalNormShader, {
    buffers: { partials: at('workspace'), norm: at(norm), coefficient: at(coefficient) },
    params: { count: chunks, max_norm: attrs.maxNorm },
    workgroups: [1, 1, 1],
  });
  return { calls: [...squares, total], workspace: 4 * chunks, constants };
};
