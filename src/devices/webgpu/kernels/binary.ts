import source from '../../../../shaders/binary/binary.wgsl';
import broadcastSource from '../../../../shaders/binary/binary_broadcast.wgsl';
import type { AddActivationAttrs } from '../../../ops/add-activation.js';
import type { BinaryAttrs, BinaryKind } from '../../../ops/binary.js';
import { sameShape } from '../../../tensor/shape.js';
import { DeviceError } from '../../../utils/errors.js';
import { dispatch, linearWorkgroups, type Shader, type WebgpuLower } from '../kernel.js';
import { fusedActivations } from './batch-norm-whole.js';
import { sizeParams, strideParams, stridesOf } from './copy.js';
import { broadcastStrides } from './expand.js';
import { flat, vectors, WORKGROUP } from './lanes.js';
import { collapse, ordered } from './strided.js';

export const binaryShader = {
  name: 'binary',
  source,
  bindings: ['a', 'b', 'y'],
  params: { vectors: 'u32' },
  overrides: ['KIND', 'ACTIVATION'],
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

  return {
    calls: [
      dispatch(binaryBroadcastShader, {
        buffers,
        params: {
          vectors: vectors(y),
          ...sizeParams(sizes),
          ...strideParams('a', rank, (d) => strides[1][d]),
          ...strideParams('b', rank, (d) => strides[2][d]),
        },
        overrides: { KIND, RANK: rank, WHOLE: whole ? 1 : 0 },
        workgroups,
      }),
    ],
  };
};

export const lowerAddActivation: WebgpuLower<AddActivationAttrs> = (
  { attrs, inputs: [a, b], outputs: [y] },
  target,
) => ({
  calls: [
    dispatch(binaryShader, {
      buffers: { a: flat(a), b: flat(b), y: flat(y) },
      params: { vectors: vectors(y) },
      overrides: { KIND: kinds.add, ACTIVATION: fusedActivations[attrs.activation] },
      workgroups: linearWorkgroups(vectors(y), WORKGROUP, target),
    }),
  ],
});
