import source from '../../../../shaders/conv2d/conv2d_backward_weight.wgsl';
import scalarSource from '../../../../shaders/conv2d/conv2d_backward_weight_scalar.wgsl';
import depthwiseSource from '../../../../shaders/conv2d/conv2d_depthwise_backward_weight.wgsl';
import type { Conv2dBackwardWeightAttrs } from '../../../ops/conv2d.js';
import { size } from '../../../tensor/shape.js';
import type { KernelNode, Lowering } from '../../device.js';
import { at } from '../../device.js';
import type { Shader, WebgpuCall, WebgpuLower, WebgpuTarget } from '../kernel.js';
import { dispatch, linearWorkgroups } from '../kernel.js';
import { convGeometry, mapParams, windowOverrides } from './conv-geometry.js';
import { sliceDepth, sumSlices } from './sum-slices.js';
import { countTiles, lanesFor } from './tiles.js';

const bindings = ['x', 'dy', 'dw'] as const;
const sliceParams = { pixels: 'u32', slice_pixels: 'u32', slices: 'u32' } as const;

export const conv2dBackwardWeightShader = {
  name: 'conv2d_backward_weight',
  source,
  bindings,
  params: { ...sliceParams, ...mapParams, groups: 'u32', group_in: 'u32', group_out: 'u32' },
  overrides: [...windowOverrides, 'LANES_N', 'LANES_M'],
} as const satisfies Shader;

export const conv2dBackwardWeightScalarShader = {
  ...conv2dBackwardWeightShader,
  name: 'conv2d_backward_weight_scalar',
  source: scalarSource,
} as const satisfies Shader;

export const conv2dDepthwiseBackwardWeightShader = {
  name: 'conv2d_depthwise_backward_weight',
  source: depthwiseSource,
  bindings,
  params: { ...sliceParams, ...mapParams, quads: 'u32' },
  overrides: [...windowOverrides, 'WORKGROUP_SIZE'],
} as const satisfies Shader;

const WORKGROUP_SIZE = 64;
/** Workgroups of 64 that keep a large GPU busy. */
const AIM = 256;

export const lowerConv2dBackwardWeight: WebgpuLower<Conv2dBackwardWeightAttrs> = (node, target) => {
  const [x, dy] = node.inputs;
  const [dw] = node.outputs;
  const conv = convGeometry(node.attrs, x.shape, dw.shape, dy.shape);
  const { pixels, maps, window, width, taps } = conv;
  const { groups } = node.attrs;
  const elements = size(dw.shape);

  if (conv.depthwise && width === 4) {
    const quads = groups / 4;
    const jobs = quads * window.KERNEL_H * Math.ceil(window.KERNEL_W / 4);
    const cut = sliceDepth(pixels, { workgroups: jobs / WORKGROUP_SIZE, aim: AIM, shortest: 32, elements });
    return twoStages(node, cut.slices, target, (result) =>
      dispatch(conv2dDepthwiseBackwardWeightShader, {
        buffers: { x: at(x), dy: at(dy), dw: result },
        params: { pixels, slice_pixels: cut.length, slices: cut.slices, ...maps, quads },
        overrides: { ...window, WORKGROUP_SIZE },
        workgroups: linearWorkgroups(jobs * cut.slices, WORKGROUP_SIZE, target),
      }),
    );
  }

  // An invocation computes 8 x 8 values where it can load vectors, else 8 x 4.
  const rows = Math.ceil(conv.groupOut / 8);
  const columns = width === 4 ? taps * Math.ceil(conv.groupIn / 8) : Math.ceil((taps * conv.groupIn) / 4);
  const lanes = lanesFor(rows, columns);
  const tiles = countTiles(rows, columns, 1, lanes) * groups;
  const cut = sliceDepth(pixels, { workgroups: tiles, aim: AIM, shortest: 128, elements });
  return twoStages(node, cut.slices, target, (result) =>
    dispatch(width === 4 ? conv2dBackwardWeightShader : conv2dBackwardWeightScalarShader, {
      buffers: { x: at(x), dy: at(dy), dw: result },
      params: {
        pixels,
        slice_pixels: cut.length,
        slices: cut.slices,
        ...maps,
        groups,
        group_in: conv.groupIn / width,
        group_out: conv.groupOut / width,
      },
      overrides: { ...window, ...lanes },
      workgroups: linearWorkgroups(tiles * cut.slices, 1, target),
    }),
  );
};

/** One slice goes straight into dw; several go into the workspace and are added by a second dispatch. */
function twoStages(
  node: KernelNode<Conv2dBackwardWeightAttrs>,
  slices: number,
  target: WebgpuTarget,
  first: (result: WebgpuCall['buffers'][string]) => WebgpuCall,
): Lowering<WebgpuCall> {
  const [dw] = node.outputs;
  if (slices === 1) return { calls: [first(at(dw))] };
  const elements = size(dw.shape);
  const bytes = elements * slices * 4;
  return { calls: [first({ ...at('workspace'), bytes }), sumSlices(elements, slices, dw, target)], workspace: bytes };
}
