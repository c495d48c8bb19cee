import source from '../../../../shaders/conv2d/conv2d.wgsl';
import depthwiseSource from '../../../../shaders/conv2d/conv2d_depthwise.wgsl';
import scalarSource from '../../../../shaders/conv2d/conv2d_scalar.wgsl';
import tallSource from '../../../../shaders/conv2d/conv2d_tall.wgsl';
import type { Conv2dAttrs } from '../../../ops/conv2d.js';
import { at } from '../../device.js';
import type { Shader, WebgpuLower } from '../kernel.js';
import { dispatch, linearWorkgroups } from '../kernel.js';
import { convGeometry, mapParams, rowOverrides, windowOverrides } from './conv-geometry.js';
import { countTiles, lanesFor, tileHeight } from './tiles.js';

const bindings = ['x', 'w', 'bias', 'y'] as const;

export const conv2dShader = {
  name: 'conv2d',
  source,
  bindings,
  params: { pixels: 'u32', ...mapParams, groups: 'u32', group_in: 'u32', group_out: 'u32' },
  overrides: [...windowOverrides, 'HAS_BIAS', 'LANES_N', 'LANES_M'],
} as const satisfies Shader;

export const conv2dTallShader = { ...conv2dShader, name: 'conv2d_tall', source: tallSource } as const satisfies Shader;

export const conv2dScalarShader = {
  ...conv2dShader,
  name: 'conv2d_scalar',
  source: scalarSource,
} as const satisfies Shader;

export const conv2dDepthwiseShader = {
  name: 'conv2d_depthwise',
  source: depthwiseSource,
  bindings,
  params: { rows: 'u32', row_blocks: 'u32', kernel_height: 'u32', ...mapParams, quads: 'u32' },
  overrides: [...rowOverrides, 'HAS_BIAS', 'WORKGROUP_SIZE'],
} as const satisfies Shader;

const WORKGROUP_SIZE = 64;
/** Bytes bound in place of an absent bias: a binding cannot be left out. */
const NO_BIAS = 16;

export const lowerConv2d: WebgpuLower<Conv2dAttrs> = (node, target) => {
  const [x, w, bias] = node.inputs;
  const [y] = node.outputs;
  const conv = convGeometry(node.attrs, x.shape, w.shape, y.shape);
  const { pixels, maps, window, width } = conv;
  const { groups } = node.attrs;
  const buffers = { x: at(x), w: at(w), bias: bias ? at(bias) : { ...at('workspace'), bytes: NO_BIAS }, y: at(y) };
  const workspace = bias ? 0 : NO_BIAS;
  const HAS_BIAS = Number(bias !== undefined);

  if (conv.depthwise && width === 4) {
    const { KERNEL_H: kernel_height, ...row } = window;
    const quads = groups / 4;
    const rows = conv.batch * maps.out_height;
    const row_blocks = Math.ceil(maps.out_width / 4);
    const call = dispatch(conv2dDepthwiseShader, {
      buffers,
      params: { rows, row_blocks, kernel_height, ...maps, quads },
      overrides: { ...row, HAS_BIAS, WORKGROUP_SIZE },
      workgroups: linearWorkgroups(rows * row_blocks * quads, WORKGROUP_SIZE, target),
    });
    return { calls: [call], workspace };
  }

  const columns = Math.ceil(conv.groupOut / 4);
  const lanes = lanesFor(Math.ceil(pixels / 4), columns);
  const height = width === 4 ? tileHeight(pixels, columns, groups, lanes) : 8;
  const tiles = countTiles(pixels, columns, height, lanes) * groups;
  const vectorShader = height === 8 ? conv2dTallShader : conv2dShader;
  const call = dispatch(width === 4 ? vectorShader : conv2dScalarShader, {
    buffers,
    params: { pixels, ...maps, groups, group_in: conv.groupIn / width, group_out: conv.groupOut / width },
    overrides: { ...window, HAS_BIAS, ...lanes },
    workgroups: linearWorkgroups(tiles, 1, target),
  });
  return { calls: [call], workspace };
};
