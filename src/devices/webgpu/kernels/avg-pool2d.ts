import source from '../../../../shaders/avg_pool2d/avg_pool2d.wgsl';
import backwardSource from '../../../../shaders/avg_pool2d/avg_pool2d_backward.wgsl';
import type { AvgPool2dAttrs, AvgPool2dBackwardAttrs } from '../../../ops/avg-pool2d.js';
import { at } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { scalarLanes } from './lanes.js';
import { pixelwise } from './pixels.js';

const params = {
  count: 'u32',
  lanes: 'u32',
  in_height: 'u32',
  in_width: 'u32',
  out_height: 'u32',
  out_width: 'u32',
} as const;

const overrides = ['KERNEL_H', 'KERNEL_W', 'STRIDE_H', 'STRIDE_W', 'PAD_TOP', 'PAD_LEFT', 'COUNT_PAD'] as const;

export const avgPool2dShader = {
  name: 'avg_pool2d',
  source,
  bindings: ['x', 'y'],
  params,
  overrides,
} as const satisfies Shader;

export const avgPool2dBackwardShader = {
  name: 'avg_pool2d_backward',
  source: backwardSource,
  bindings: ['dy', 'dx'],
  params,
  overrides,
} as const satisfies Shader;

export const avgPool2dScalarShader = scalarLanes(avgPool2dShader);
export const avgPool2dBackwardScalarShader = scalarLanes(avgPool2dBackwardShader);

const constants = ({ kernel, stride, padding, countIncludePad }: AvgPool2dAttrs) => ({
  KERNEL_H: kernel[0],
  KERNEL_W: kernel[1],
  STRIDE_H: stride[0],
  STRIDE_W: stride[1],
  PAD_TOP: padding[0],
  PAD_LEFT: padding[2],
  COUNT_PAD: countIncludePad ? 1 : 0,
});

export const lowerAvgPool2d: WebgpuLower<AvgPool2dAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => {
  const { vector, params, workgroups } = pixelwise(x, y, y, target);
  const shader = vector ? avgPool2dShader : avgPool2dScalarShader;
  const buffers = { x: at(x), y: at(y) };
  return { calls: [dispatch(shader, { buffers, params, overrides: constants(attrs), workgroups })] };
};

export const lowerAvgPool2dBackward: WebgpuLower<AvgPool2dBackwardAttrs> = (node, target) => {
  const { attrs, inputs, outputs } = node;
  const [dy] = inputs;
  const [dx] = outputs;
  const { vector, params, workgroups } = pixelwise(dx, dy, dx, target);
  const shader = vector ? avgPool2dBackwardShader : avgPool2dBackwardScalarShader;
  const buffers = { dy: at(dy), dx: at(dx) };
  return { calls: [dispatch(shader, { buffers, params, overrides: constants(attrs), workgroups })] };
};
