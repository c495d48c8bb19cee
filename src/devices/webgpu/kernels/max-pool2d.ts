import source from '../../../../shaders/max_pool2d/max_pool2d.wgsl';
import backwardSource from '../../../../shaders/max_pool2d/max_pool2d_backward.wgsl';
import type { MaxPool2dAttrs, MaxPool2dBackwardAttrs } from '../../../ops/max-pool2d.js';
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

const overrides = [
  'KERNEL_H',
  'KERNEL_W',
  'STRIDE_H',
  'STRIDE_W',
  'PAD_TOP',
  'PAD_LEFT',
  'DILATION_H',
  'DILATION_W',
] as const;

export const maxPool2dShader = {
  name: 'max_pool2d',
  source,
  bindings: ['x', 'y', 'index'],
  params,
  overrides,
} as const satisfies Shader;

export const maxPool2dBackwardShader = {
  name: 'max_pool2d_backward',
  source: backwardSource,
  bindings: ['dy', 'index', 'dx'],
  params,
  overrides,
} as const satisfies Shader;

export const maxPool2dScalarShader = scalarLanes(maxPool2dShader);
export const maxPool2dBackwardScalarShader = scalarLanes(maxPool2dBackwardShader);

const constants = ({ kernel, stride, padding, dilation }: MaxPool2dAttrs) => ({
  KERNEL_H: kernel[0],
  KERNEL_W: kernel[1],
  STRIDE_H: stride[0],
  STRIDE_W: stride[1],
  PAD_TOP: padding[0],
  PAD_LEFT: padding[2],
  DILATION_H: dilation[0],
  DILATION_W: dilation[1],
});

export const lowerMaxPool2d: WebgpuLower<MaxPool2dAttrs> = ({ attrs, inputs: [x], outputs: [y, index] }, target) => {
  const { vector, params, workgroups } = pixelwise(x, y, y, target);
  const shader = vector ? maxPool2dShader : maxPool2dScalarShader;
  const buffers = { x: at(x), y: at(y), index: at(index) };
  return { calls: [dispatch(shader, { buffers, params, overrides: constants(attrs), workgroups })] };
};

export const lowerMaxPool2dBackward: WebgpuLower<MaxPool2dBackwardAttrs> = (node, target) => {
  const { attrs, inputs, outputs } = node;
  const [dy, index] = inputs;
  const [dx] = outputs;
  const { vector, params, workgroups } = pixelwise(dx, dy, dx, target);
  const shader = vector ? maxPool2dBackwardShader : maxPool2dBackwardScalarShader;
  const buffers = { dy: at(dy), index: at(index), dx: at(dx) };
  return { calls: [dispatch(shader, { buffers, params, overrides: constants(attrs), workgroups })] };
};
