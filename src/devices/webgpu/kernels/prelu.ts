import source from '../../../../shaders/prelu/prelu.wgsl';
import backwardSource from '../../../../shaders/prelu/prelu_backward.wgsl';
import type { PreluAttrs, PreluBackwardAttrs } from '../../../ops/prelu.js';
import { at, type Value } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower, type WebgpuTarget } from '../kernel.js';
import { stridesOf } from './copy.js';
import { elements, flat, vectors, WORKGROUP } from './lanes.js';
import { sumInto } from './reduce.js';

export const preluShader = {
  name: 'prelu',
  source,
  bindings: ['x', 'a', 'y'],
  params: { vectors: 'u32', channels: 'u32', inner: 'u32' },
  overrides: [],
} as const satisfies Shader;

export const preluBackwardShader = {
  name: 'prelu_backward',
  source: backwardSource,
  bindings: ['x', 'a', 'dy', 'dx', 'terms'],
  params: { vectors: 'u32', channels: 'u32', inner: 'u32' },
  overrides: [],
} as const satisfies Shader;

/** One slope for all is the case of one channel. */
function walk(x: Value, a: Value, target: WebgpuTarget) {
  const channels = a.shape[0];
  return {
    params: { vectors: vectors(x), channels, inner: channels === 1 ? 1 : stridesOf(x)[1] },
    workgroups: linearWorkgroups(vectors(x), WORKGROUP, target),
  };
}

export const lowerPrelu: WebgpuLower<PreluAttrs> = ({ inputs: [x, a], outputs: [y] }, target) => ({
  calls: [dispatch(preluShader, { buffers: { x: flat(x), a: at(a), y: flat(y) }, ...walk(x, a, target) })],
});

/** The terms of da go through the workspace; the sums of a two-stage reduction lie behind them. */
export const lowerPreluBackward: WebgpuLower<PreluBackwardAttrs> = ({ inputs, outputs: [dx, da] }, target) => {
  const [x, a, dy] = inputs;
  const { params, workgroups } = walk(x, a, target);
  const { bytes } = flat(x);
  const behind = Math.ceil(bytes / 256) * 256;
  const terms = { ...at('workspace'), bytes };
  const { channels, inner } = params;
  const block = channels * inner;
  const sum = sumInto(
    {
      from: terms,
      to: at(da),
      kept: { sizes: [channels], strides: [[inner]] },
      summed:
        inner === 1
          ? { sizes: [elements(x) / channels], strides: [[channels]] }
          : { sizes: [elements(x) / block, inner], strides: [[block, 1]] },
      scale: 1,
    },
    target,
    { scratch: behind },
  );
  const gradient = dispatch(preluBackwardShader, {
    buffers: { x: flat(x), a: at(a), dy: flat(dy), dx: flat(dx), terms },
    params,
    workgroups,
  });
  return { calls: [gradient, ...sum.calls], workspace: behind + (sum.workspace ?? 0) };
};
