import source from '../../../../shaders/binary/binary.wgsl';
import broadcastSource from '../../../../shaders/binary/binary_broadcast.wgsl';
import type { BinaryAttrs, BinaryKind } from '../../../ops/binary.js';
import { sameShape } from '../../../tensor/shape.js';
import { DeviceError } from '../../../utils/errors.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { stridesOf } from './copy.js';
import { broadcastStrides } from './expand.js';
import { flat, vectors, WORKGROUP } from './lanes.js';
import { collapse, ordered } from './strided.js';

export const binaryShader = {
  name: 'binary',
  source,
  bindings: ['a', 'b', 'y'],
  params: { vectors: 'u32' },
  overrides: ['KIND'],
} as const satisfies Shader;

export const binaryBroadcastShader = {
  name: 'binary_broadcast',
  source: broadcastSource,
  bindings: ['a', 'b', 'y'],
  params: {
    vectors: 'u32',
    size1: 'u32',
    size2: 'u32',
    size3: 'u32',
    size4: 'u32',
    size5: 'u32',
    a_stride0: 'u32',
    a_stride1: 'u32',
    a_stride2: 'u32',
    a_stride3: 'u32',
    a_stride4: 'u32',
    a_stride5: 'u32',
    b_stride0: 'u32',
    b_stride1: 'u32',
    b_stride2: 'u32',
    b_stride3: 'u32',
    b_stride4: 'u32',
    b_stride5: 'u32',
  },
  overrides: ['KIND', 'RANK', 'WHOLE'],
} as const satisfies Shader;

/** KIND of each operation in the shaders. */
const kinds: Record<BinaryKind, number> = { add: 0, sub: 1, mul: 2, div: 3, min: 4, max: 5 };

export const lowerBinary: WebgpuLower<BinaryAttrs> = ({ attrs, inputs: [a, b], outputs: [y] }, target) => {
  const buffers = { a: flat(a), b: flat(b), y: flat(y) };
  const workgroups = linearWorkgroups(vectors(y), WORKGROUP, target);
  const KIND = kinds[attrs.kind];
  const aligned = [a, b].every((x) => sameShape(x.shape, y.shape) && x.layout.join() === y.layout.join());
  if (aligned) {
    return {
      calls: [dispatch(binaryShader, { buffers, params: { vectors: vectors(y) }, overrides: { KIND }, workgroups })],
    };
  }

  const operands = [broadcastStrides(a, y.shape), broadcastStrides(b, y.shape)];
  const { sizes, strides } = collapse(ordered({ sizes: y.shape, strides: [stridesOf(y), ...operands] }, 0));
  const rank = sizes.length;
  if (rank > 6) {
    throw new DeviceError(`${attrs.kind} of [${a.shape}] and [${b.shape}] needs ${rank} dimensions`, 'use at most 6');
  }
  const last = rank - 1;
  const whole =
    sizes[last] % 4 === 0 &&
    strides
      .slice(1)
      .every(
        (walker) => walker[last] === 0 || (walker[last] === 1 && walker.every((s, d) => d === last || s % 4 === 0)),
      );

  // The slowest dimension is number 0, the fastest number 5, the others next to the fastest.
  const axis = (i: number) => (i === 0 ? 0 : i - (6 - rank));
  const sizeAt = (i: number) => (axis(i) > 0 ? sizes[axis(i)] : 1);
  const strideAt = (walker: number, i: number) => (i === 0 || axis(i) > 0 ? strides[walker][axis(i)] : 0);
  return {
    calls: [
      dispatch(binaryBroadcastShader, {
        buffers,
        params: {
          vectors: vectors(y),
          size1: sizeAt(1),
          size2: sizeAt(2),
          size3: sizeAt(3),
          size4: sizeAt(4),
          size5: sizeAt(5),
          a_stride0: strideAt(1, 0),
          a_stride1: strideAt(1, 1),
          a_stride2: strideAt(1, 2),
          a_stride3: strideAt(1, 3),
          a_stride4: strideAt(1, 4),
          a_stride5: strideAt(1, 5),
          b_stride0: strideAt(2, 0),
          b_stride1: strideAt(2, 1),
          b_stride2: strideAt(2, 2),
          b_stride3: strideAt(2, 3),
          b_stride4: strideAt(2, 4),
          b_stride5: strideAt(2, 5),
        },
        overrides: { KIND, RANK: rank, WHOLE: whole ? 1 : 0 },
        workgroups,
      }),
    ],
  };
};
