import source from '../../../../shaders/conv2d/conv2d_backward_input.wgsl';
import scalarSource from '../../../../shaders/conv2d/conv2d_backward_input_scalar.wgsl';
import tallSource from '../../../../shaders/conv2d/conv2d_backward_input_tall.wgsl';
import depthwiseSource from '../../../../shaders/conv2d/conv2d_depthwise_backward_input.wgsl';
import type { Conv2dBackwardInputAttrs } from '../../../ops/conv2d.js';
import { at } from '../../device.js';
import type { Shader, WebgpuLower } from '../kernel.js';
import { dispatch, linearWorkgroups } from '../kernel.js';
import { convGeometry, mapParams, rowOverrides, windowOverrides } from './conv-geometry.js';
import { countTiles, lanesFor, tileHeight } from './tiles.js';

const bindings = ['dy', 'w', 'other', 'dx'] as const;

export const conv2dBackwardInputShader = {
  name: 'conv2d_backward_input',
  source,
  bindings,
  params: { batch: 'u32', ...mapParams, groups: 'u32', group_in: 'u32', group_out: 'u32' },
  overrides: [...windowOverrides, 'TAP_STEP_H', 'TAP_STEP_W', 'HAS_SUM', 'LANES_N', 'LANES_M'],
} as const satisfies Shader;

export const conv2dBackwardInputTallShader = {
  ...conv2dBackwardInputShader,
  name: 'conv2d_backward_input_tall',
  source: tallSource,
} as const satisfies Shader;

export const conv2dBackwardInputScalarShader = {
  ...conv2dBackwardInputShader,
  name: 'conv2d_backward_input_scalar',
  source: scalarSource,
} as const satisfies Shader;

export const conv2dDepthwiseBackwardInputShader = {
  name: 'conv2d_depthwise_backward_input',
  source: depthwiseSource,
  bindings,
  params: { batch: 'u32', kernel_height: 'u32', ...mapParams, quads: 'u32' },
  overrides: [...rowOverrides, 'TAP_STEP_H', 'TAP_STEP_W', 'HAS_SUM', 'WORKGROUP_SIZE'],
} as const satisfies Shader;

const WORKGROUP_SIZE = 64;
/** Bytes bound in place of an absent summand: a binding cannot be left out. */
const NO_SUM = 16;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

export const lowerConv2dBackwardInput: WebgpuLower<Conv2dBackwardInputAttrs> = (node, target) => {
  const [dy, w, other] = node.inputs;
  const [dx] = node.outputs;
  const { stride, dilation, groups } = node.attrs;
  const conv = convGeometry(node.attrs, dx.shape, w.shape, dy.shape);
  const { batch, maps, width } = conv;
  const noSum = { ...at('workspace'), bytes: NO_SUM };
  const buffers = { dy: at(dy), w: at(w), other: other ? at(other) : noSum, dx: at(dx) };
  const workspace = other ? 0 : NO_SUM;
  const window = {
    ...conv.window,
    TAP_STEP_H: stride[0] / gcd(stride[0], dilation[0]),
    TAP_STEP_W: stride[1] / gcd(stride[1], dilation[1]),
    HAS_SUM: Number(other !== undefined),
  };
  const phases = stride[0] * stride[1];
  // Phase 0 has the most pixels; it sets the size of the grid.
  const rows = batch * Math.ceil(maps.in_height / stride[0]);
  const rowPixels = Math.ceil(maps.in_width / stride[1]);
  const pixels = rows * rowPixels;

  if (conv.depthwise && width === 4) {
    const { KERNEL_H: kernel_height, ...row } = window;
    const quads = groups / 4;
    const [gridX, gridY] = linearWorkgroups(rows * Math.ceil(rowPixels / 4) * quads, WORKGROUP_SIZE, target);
    const call = dispatch(conv2dDepthwiseBackwardInputShader, {
      buffers,
      params: { batch, kernel_height, ...maps, quads },
      overrides: { ...row, WORKGROUP_SIZE },
      workgroups: [gridX, gridY, phases],
    });
    return { calls: [call], workspace };
  }

  const columns = Math.ceil(conv.groupIn / 4);
  const lanes = lanesFor(Math.ceil(pixels / 4), columns);
  const height = width === 4 ? tileHeight(pixels, columns, groups * phases, lanes) : 4;
  const [gridX, gridY] = linearWorkgroups(countTiles(pixels, columns, height, lanes) * groups, 1, target);
  const vectorShader = height === 8 ? conv2dBackwardInputTallShader : conv2dBackwardInputShader;
  const call = dispatch(width === 4 ? vectorShader : conv2dBackwardInputScalarShader, {
    buffers,
    params: { batch, ...maps, groups, group_in: conv.groupIn / width, group_out: conv.groupOut / width },
    overrides: { ...window, ...lanes },
    workgroups: [gridX, gridY, phases],
  });
  return { calls: [call], workspace };
};
