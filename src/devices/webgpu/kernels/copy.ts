import source from '../../../../shaders/copy/strided_copy.wgsl';
import { physicalStrides } from '../../../tensor/layout.js';
import { DeviceError } from '../../../utils/errors.js';
import type { Value } from '../../device.js';
import {
  dispatch,
  linearWorkgroups,
  type Shader,
  type WebgpuCall,
  type WebgpuLower,
  type WebgpuTarget,
} from '../kernel.js';
import { flat, scalarLanes, WORKGROUP } from './lanes.js';
import { collapse, inVectors, ordered } from './strided.js';

export const stridedCopyShader = {
  name: 'strided_copy',
  source,
  bindings: ['x', 'y'],
  params: {
    count: 'u32',
    size1: 'u32',
    size2: 'u32',
    size3: 'u32',
    size4: 'u32',
    size5: 'u32',
    x_offset: 'i32',
    x_stride0: 'i32',
    x_stride1: 'i32',
    x_stride2: 'i32',
    x_stride3: 'i32',
    x_stride4: 'i32',
    x_stride5: 'i32',
    y_offset: 'i32',
    y_stride0: 'i32',
    y_stride1: 'i32',
    y_stride2: 'i32',
    y_stride3: 'i32',
    y_stride4: 'i32',
    y_stride5: 'i32',
  },
  overrides: ['RANK'],
} as const satisfies Shader;

export const stridedCopyScalarShader = scalarLanes(stridedCopyShader);

/** One end of a copy: memory, where it starts and how it steps, in elements. */
export interface Walk {
  readonly of: WebgpuCall['buffers'][string];
  readonly offset?: number;
  readonly strides: readonly number[];
}

/** Moves a block of `sizes` elements of 32 bits, at most six dimensions. Either end may have any strides. */
export function copyStrided(sizes: readonly number[], from: Walk, to: Walk, target: WebgpuTarget): WebgpuCall {
  const whole = collapse(ordered({ sizes, strides: [from.strides, to.strides] }, 1));
  const rank = whole.sizes.length;
  if (rank > 6)
    throw new DeviceError(`a copy of ${rank} dimensions [${whole.sizes}] is not supported`, 'use at most 6');

  const offsets = [from.offset ?? 0, to.offset ?? 0];
  const vector = inVectors(whole, offsets);
  const lanes = vector ? 4 : 1;
  const last = rank - 1;
  const size = whole.sizes.map((n, d) => (d === last ? n / lanes : n));
  const step = (walker: number, d: number) => whole.strides[walker][d] / (d === last ? 1 : lanes);
  const count = size.reduce((n, d) => n * d, 1);

  // The slowest dimension is number 0, the fastest number 5, the others next to the fastest.
  const axis = (i: number) => (i === 0 ? 0 : i - (6 - rank));
  const sizeAt = (i: number) => (axis(i) > 0 ? size[axis(i)] : 1);
  const stepAt = (walker: number, i: number) => (i === 0 || axis(i) > 0 ? step(walker, axis(i)) : 0);
  return dispatch(vector ? stridedCopyShader : stridedCopyScalarShader, {
    buffers: { x: from.of, y: to.of },
    params: {
      count,
      size1: sizeAt(1),
      size2: sizeAt(2),
      size3: sizeAt(3),
      size4: sizeAt(4),
      size5: sizeAt(5),
      x_offset: offsets[0] / lanes,
      x_stride0: stepAt(0, 0),
      x_stride1: stepAt(0, 1),
      x_stride2: stepAt(0, 2),
      x_stride3: stepAt(0, 3),
      x_stride4: stepAt(0, 4),
      x_stride5: stepAt(0, 5),
      y_offset: offsets[1] / lanes,
      y_stride0: stepAt(1, 0),
      y_stride1: stepAt(1, 1),
      y_stride2: stepAt(1, 2),
      y_stride3: stepAt(1, 3),
      y_stride4: stepAt(1, 4),
      y_stride5: stepAt(1, 5),
    },
    overrides: { RANK: rank },
    workgroups: linearWorkgroups(count, WORKGROUP, target),
  });
}

/** Copies every byte as it lies: for values whose elements are in the same order. */
export function copyFlat(x: Value, y: Value, target: WebgpuTarget): WebgpuCall {
  const words = Math.ceil(x.bytes / 16) * 4;
  return copyStrided([words], { of: flat(x), strides: [1] }, { of: flat(y), strides: [1] }, target);
}

/** Strides of the logical axes of `value`. Bytes cannot be moved one by one: WGSL has no 8-bit type. */
export function stridesOf(value: Value): number[] {
  if (value.dtype === 'u8') {
    throw new DeviceError(
      `webgpu cannot rearrange bytes (u8 [${value.shape}])`,
      'convert the tensor with toFloat first',
    );
  }
  return physicalStrides(value.shape, value.layout);
}

export const lowerCopy: WebgpuLower = ({ inputs: [x], outputs: [y] }, target) => {
  if (x.layout.join() === y.layout.join()) return { calls: [copyFlat(x, y, target)] };
  return {
    calls: [
      copyStrided(x.shape, { of: flat(x), strides: stridesOf(x) }, { of: flat(y), strides: stridesOf(y) }, target),
    ],
  };
};
