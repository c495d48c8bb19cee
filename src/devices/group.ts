import { size } from '../tensor/shape.js';
import type { TensorSpec } from '../tensor/tensor.js';

/** Tensors of a group start at multiples of this many elements: 256 bytes, WebGPU's binding alignment. */
export const GROUP_ALIGNMENT = 64;

/** The same in bytes of f32: what states are aligned to. */
export const STATE_ALIGNMENT = GROUP_ALIGNMENT * 4;

export interface GroupLayout {
  /** Start of each tensor in elements from the start of the group. */
  readonly offsets: readonly number[];
  /** Elements of the whole group, gaps included. */
  readonly total: number;
}

/**
 * Where the members of a multi-tensor operand lie: one block, in list order. Parameters, gradients and momenta of
 * one update have equal shapes, so they share these offsets and one launch walks them all.
 */
export function groupOffsets(members: readonly TensorSpec[]): GroupLayout {
  let total = 0;
  const offsets = members.map((member) => {
    const start = total;
    total += Math.ceil(size(member.shape) / GROUP_ALIGNMENT) * GROUP_ALIGNMENT;
    return start;
  });
  return { offsets, total };
}
