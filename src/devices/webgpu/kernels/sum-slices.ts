import source from '../../../../shaders/matmul/sum_slices.wgsl';
import type { Operand } from '../../device.js';
import { at } from '../../device.js';
import type { Shader, WebgpuCall, WebgpuTarget } from '../kernel.js';
import { dispatch, linearWorkgroups } from '../kernel.js';

export const sumSlicesShader = {
  name: 'sum_slices',
  source,
  bindings: ['partial', 'y'],
  params: { elements: 'u32', slices: 'u32' },
  overrides: ['LANES_E', 'LANES_S'],
} as const satisfies Shader;

/** Sums of fewer elements than this do not fill a GPU with one invocation a quad: 16 share the slices. */
const SMALL = 1 << 14;
/** Floats of all the copies together: 64 MiB, so that a copy's traffic and scratch stay bounded. */
const PARTIALS_LIMIT = 1 << 24;

/**
 * How a long sum is cut into slices that run side by side. It depends on shapes only, never on the adapter, so that
 * results do not: as many slices as bring `workgroups` (of one slice) up to `aim`, but none shorter than `shortest`.
 */
export function sliceDepth(
  depth: number,
  options: { workgroups: number; aim: number; shortest: number; elements: number },
): { slices: number; length: number } {
  const { workgroups, aim, shortest, elements } = options;
  const wanted = Math.ceil(aim / workgroups);
  const most = Math.min(Math.floor(depth / shortest), Math.floor(PARTIALS_LIMIT / elements));
  const length = Math.ceil(depth / Math.max(1, Math.min(wanted, most)));
  return { slices: Math.ceil(depth / length), length };
}

/** Adds `slices` copies of `elements` floats that lie one after another in the workspace. */
export function sumSlices(elements: number, slices: number, y: Operand['of'], target: WebgpuTarget): WebgpuCall {
  const overrides = slices > 16 && elements < SMALL ? { LANES_E: 8, LANES_S: 16 } : { LANES_E: 64, LANES_S: 1 };
  return dispatch(sumSlicesShader, {
    buffers: { partial: { ...at('workspace'), bytes: elements * slices * 4 }, y: at(y) },
    params: { elements, slices },
    overrides,
    workgroups: linearWorkgroups(Math.ceil(elements / 4), overrides.LANES_E, target),
  });
}
