import byteSource from '../../../../shaders/copy/byte_copy.wgsl';
import source from '../../../../shaders/copy/strided_copy.wgsl';
import { bytesPerElement } from '../../../tensor/dtype.js';
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
import { collapse, inVectors, ordered, type Space } from './strided.js';

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

export const byteCopyShader = {
  name: 'byte_copy',
  source: byteSource,
  bindings: ['x', 'y'],
  params: {
    words: 'u32',
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
  },
  overrides: ['RANK'],
} as const satisfies Shader;

/** One end of a copy: memory, where it starts and how it steps, in elements. */
export interface Walk {
  readonly of: WebgpuCall['buffers'][string];
  readonly offset?: number;
  readonly strides: readonly number[];
}

const isBytes = ({ of }: Walk): boolean => typeof of.of !== 'string' && of.of.dtype === 'u8';

/** Moves a block of `sizes` elements, at most six dimensions. Either end may have any strides. */
export function copyStrided(sizes: readonly number[], from: Walk, to: Walk, target: WebgpuTarget): WebgpuCall {
  const whole = collapse(ordered({ sizes, strides: [from.strides, to.strides] }, 1));
  const rank = whole.sizes.length;
  if (rank > 6)
    throw new DeviceError(`a copy of ${rank} dimensions [${whole.sizes}] is not supported`, 'use at most 6');

  const offsets = [from.offset ?? 0, to.offset ?? 0];
  const vector = inVectors(whole, offsets);
  const bytes = isBytes(from);
  if (bytes && !vector) return copyBytes(whole, from, to, target);

  // Four bytes are one word, four words one vector.
  const shader = vector && !bytes ? stridedCopyShader : stridedCopyScalarShader;
  const lane = vector ? 4 : 1;
  const last = rank - 1;
  const size = whole.sizes.map((n, d) => (d === last ? n / lane : n));
  const step = (walker: number, d: number) => whole.strides[walker][d] / (d === last ? 1 : lane);
  const count = size.reduce((n, d) => n * d, 1);
  return dispatch(shader, {
    buffers: { x: from.of, y: to.of },
    params: {
      count,
      ...sizeParams(size),
      x_offset: offsets[0] / lane,
      ...strideParams('x', rank, (d) => step(0, d)),
      y_offset: offsets[1] / lane,
      ...strideParams('y', rank, (d) => step(1, d)),
    },
    overrides: { RANK: rank },
    workgroups: linearWorkgroups(count, WORKGROUP, target),
  });
}

/** Bytes can be gathered into whole words, but not written one by one: WGSL has no 8-bit type. */
function copyBytes(whole: Space, from: Walk, to: Walk, target: WebgpuTarget): WebgpuCall {
  const { sizes, strides } = whole;
  const rank = sizes.length;
  const result = to.of.of as Value;
  const count = sizes.reduce((n, d) => n * d, 1);
  const inOrder = strides[1].every((step, d) => step === sizes.slice(d + 1).reduce((n, size) => n * size, 1));
  if (count !== result.bytes || !inOrder) {
    throw new DeviceError(
      `webgpu cannot write a part of u8 [${result.shape}] that is not made of whole words`,
      'convert the tensor with toFloat first',
    );
  }
  const words = Math.ceil(count / 4);
  return dispatch(byteCopyShader, {
    buffers: { x: from.of, y: to.of },
    params: {
      words,
      ...sizeParams(sizes),
      x_offset: from.offset ?? 0,
      ...strideParams('x', rank, (d) => strides[0][d]),
    },
    overrides: { RANK: rank },
    workgroups: linearWorkgroups(words, WORKGROUP, target),
  });
}

/** The dimension of a space that a shader calls number i: 0 is the slowest, 5 the fastest, the others are next to it. */
const dimension = (i: number, rank: number): number => (i === 0 ? 0 : i - (6 - rank));

/** Sizes of the dimensions 1 to 5 of a shader, 1 where there is none. */
export function sizeParams(sizes: readonly number[]) {
  const at = (i: number) => {
    const d = dimension(i, sizes.length);
    return d > 0 ? sizes[d] : 1;
  };
  return { size1: at(1), size2: at(2), size3: at(3), size4: at(4), size5: at(5) };
}

type StrideParams<P extends string> = Record<`${P}_stride${0 | 1 | 2 | 3 | 4 | 5}`, number>;

/** Strides of the dimensions 0 to 5 of a shader, 0 where there is none. */
export function strideParams<P extends string>(prefix: P, rank: number, step: (d: number) => number): StrideParams<P> {
  const entries = [0, 1, 2, 3, 4, 5].map((i) => {
    const d = dimension(i, rank);
    return [`${prefix}_stride${i}`, i === 0 || d > 0 ? step(d) : 0];
  });
  return Object.fromEntries(entries);
}

/** Copies every byte as it lies: for values whose elements are in the same order. */
export function copyFlat(x: Value, y: Value, target: WebgpuTarget): WebgpuCall {
  const padded = flat(x).bytes / bytesPerElement[x.dtype];
  return copyStrided([padded], { of: flat(x), strides: [1] }, { of: flat(y), strides: [1] }, target);
}

/** Strides of the logical axes of `value`, in elements. */
export const stridesOf = ({ shape, layout }: Value): number[] => physicalStrides(shape, layout);

export const lowerCopy: WebgpuLower = ({ inputs: [x], outputs: [y] }, target) => {
  if (x.layout.join() === y.layout.join()) return { calls: [copyFlat(x, y, target)] };
  return {
    calls: [
      copyStrided(x.shape, { of: flat(x), strides: stridesOf(x) }, { of: flat(y), strides: stridesOf(y) }, target),
    ],
  };
};
