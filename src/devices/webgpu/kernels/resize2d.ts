import source from '../../../../shaders/resize2d/resize2d.wgsl';
import backwardSource from '../../../../shaders/resize2d/resize2d_backward.wgsl';
import type { Resize2dAttrs, Resize2dBackwardAttrs } from '../../../ops/resize2d.js';
import { at, type Value } from '../../device.js';
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
  scale_h: 'f32',
  scale_w: 'f32',
  shift_h: 'f32',
  shift_w: 'f32',
} as const;

export const resize2dShader = {
  name: 'resize2d',
  source,
  bindings: ['x', 'y'],
  params,
  overrides: ['BILINEAR'],
} as const satisfies Shader;

export const resize2dBackwardShader = {
  name: 'resize2d_backward',
  source: backwardSource,
  bindings: ['dy', 'dx'],
  params,
  overrides: ['BILINEAR'],
} as const satisfies Shader;

export const resize2dScalarShader = scalarLanes(resize2dShader);
export const resize2dBackwardScalarShader = scalarLanes(resize2dBackwardShader);

/** Where position i of the result lies in the source: i · scale + shift. Pixels have their centre at a half. */
function grid(from: number, to: number, alignCorners: boolean): { scale: number; shift: number } {
  if (alignCorners) return { scale: to > 1 ? (from - 1) / (to - 1) : 0, shift: 0 };
  return { scale: from / to, shift: (0.5 * from) / to - 0.5 };
}

function grids(x: Value, { size, alignCorners }: Resize2dAttrs) {
  const rows = grid(x.shape[2], size[0], alignCorners);
  const columns = grid(x.shape[3], size[1], alignCorners);
  return { scale_h: rows.scale, scale_w: columns.scale, shift_h: rows.shift, shift_w: columns.shift };
}

export const lowerResize2d: WebgpuLower<Resize2dAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => {
  const { vector, params, workgroups } = pixelwise(x, y, y, target);
  return {
    calls: [
      dispatch(vector ? resize2dShader : resize2dScalarShader, {
        buffers: { x: at(x), y: at(y) },
        params: { ...params, ...grids(x, attrs) },
        overrides: { BILINEAR: attrs.mode === 'bilinear' ? 1 : 0 },
        workgroups,
      }),
    ],
  };
};

export const lowerResize2dBackward: WebgpuLower<Resize2dBackwardAttrs> = (node, target) => {
  const { attrs, inputs, outputs } = node;
  const [dy] = inputs;
  const [dx] = outputs;
  const { vector, params, workgroups } = pixelwise(dx, dy, dx, target);
  return {
    calls: [
      dispatch(vector ? resize2dBackwardShader : resize2dBackwardScalarShader, {
        buffers: { dy: at(dy), dx: at(dx) },
        params: { ...params, ...grids(dx, attrs) },
        overrides: { BILINEAR: attrs.mode === 'bilinear' ? 1 : 0 },
        workgroups,
      }),
    ],
  };
};
