import source from '../../../../shaders/softmax/softmax.wgsl';
import backwardSource from '../../../../shaders/softmax/softmax_backward.wgsl';
import type { SoftmaxAttrs, SoftmaxBackwardAttrs } from '../../../ops/softmax.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import { at, type Value } from '../../device.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower, type WebgpuTarget } from '../kernel.js';
import { stridesOf } from './copy.js';
import { elements, WORKGROUP } from './lanes.js';

export const softmaxShader = {
  name: 'softmax',
  source,
  bindings: ['x', 'y'],
  params: { lines: 'u32', length: 'u32', inner: 'u32' },
  overrides: ['X', 'ALONG', 'LOG'],
} as const satisfies Shader;

export const softmaxBackwardShader = {
  name: 'softmax_backward',
  source: backwardSource,
  bindings: ['y', 'dy', 'dx'],
  params: { lines: 'u32', length: 'u32', inner: 'u32' },
  overrides: ['X', 'ALONG', 'LOG'],
} as const satisfies Shader;

const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

function walk(value: Value, axis: number, target: WebgpuTarget) {
  const chosen = normalizeAxis(axis, value.shape.length, 'softmax');
  const length = value.shape[chosen];
  const inner = stridesOf(value)[chosen];
  const lines = elements(value) / length;
  // Neighbouring lines lie side by side when the axis is not the fast one; at most 64 of them are kept together.
  const X = Math.min(powerOfTwo(length / 4), WORKGROUP / Math.min(64, powerOfTwo(inner)));
  return {
    params: { lines, length, inner },
    overrides: { X, ALONG: inner === 1 ? 1 : 0 },
    workgroups: linearWorkgroups(lines, WORKGROUP / X, target),
  };
}

const forward =
  (LOG: number): WebgpuLower<SoftmaxAttrs> =>
  ({ attrs, inputs: [x], outputs: [y] }, target) => {
    const { params, overrides, workgroups } = walk(x, attrs.axis, target);
    const buffers = { x: at(x), y: at(y) };
    return { calls: [dispatch(softmaxShader, { buffers, params, overrides: { ...overrides, LOG }, workgroups })] };
  };

const backward =
  (LOG: number): WebgpuLower<SoftmaxBackwardAttrs> =>
  ({ attrs, inputs: [y, dy], outputs: [dx] }, target) => {
    const { params, overrides, workgroups } = walk(y, attrs.axis, target);
    const buffers = { y: at(y), dy: at(dy), dx: at(dx) };
    const call = dispatch(softmaxBackwardShader, { buffers, params, overrides: { ...overrides, LOG }, workgroups });
    return { calls: [call] };
  };

export const lowerSoftmax = forward(0);
export const lowerLogSoftmax = forward(1);
export const lowerSoftmaxBackward = backward(0);
export const lowerLogSoftmaxBackward = backward(1);
