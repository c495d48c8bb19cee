import countSource from '../../../../shaders/top_k_correct/top_k_count.wgsl';
import rankSource from '../../../../shaders/top_k_correct/top_k_rank.wgsl';
import type { TopKCorrectAttrs } from '../../../ops/top-k-correct.js';
import { at } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';

export const topKRankShader = {
  name: 'top_k_rank',
  source: rankSource,
  bindings: ['logits', 'labels', 'ranks'],
  params: { samples: 'u32', classes: 'u32', ignore_index: 'i32' },
  overrides: [],
} as const satisfies Shader;

export const topKCountShader = {
  name: 'top_k_count',
  source: countSource,
  bindings: ['ranks', 'k', 'correct'],
  params: { samples: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const lowerTopKCorrect: WebgpuLower<TopKCorrectAttrs> = ({ attrs, inputs, outputs: [counts] }, target) => {
  const [logits, labels] = inputs;
  const [samples, classes] = logits.shape;
  return {
    calls: [
      dispatch(topKRankShader, {
        buffers: { logits: at(logits), labels: at(labels), ranks: at('workspace') },
        params: { samples, classes, ignore_index: attrs.ignoreIndex },
        workgroups: linearWorkgroups(samples, 1, target),
      }),
      dispatch(topKCountShader, {
        buffers: { ranks: at('workspace'), k: at('constants'), correct: at(counts) },
        params: { samples },
        workgroups: [attrs.k.length, 1, 1],
      }),
    ],
    workspace: 4 * samples,
    constants: new Uint8Array(Uint32Array.from(attrs.k).buffer),
  };
};
