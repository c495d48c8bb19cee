import { size } from '../../tensor/shape.js';
import type { Operand, Value } from '../device.js';
import { groupOffsets } from '../group.js';
import type { Constants } from './constants.js';

/** Elements of a segment: small enough to share out evenly, large enough that the table is nothing. */
const SEGMENT = 16384;
const F32_BYTES = 4;
const FIELDS = 4;

/** Per tensor; 0 and 1 where an operator has none. */
export interface SegmentFactors {
  readonly weightDecay?: readonly number[];
  readonly lrMultiplier?: readonly number[];
}

/** The table that walks the tensors of a group: see `Segment` in assembly/kernels/segment.ts. */
export function segmentTable(
  members: readonly Value[],
  constants: Constants,
  { weightDecay, lrMultiplier }: SegmentFactors = {},
): { segments: Operand; count: number } {
  const { offsets } = groupOffsets(members);
  const rows: number[][] = members.flatMap((member, i) => {
    const elements = size(member.shape);
    return Array.from({ length: Math.ceil(elements / SEGMENT) }, (_, k) => [
      (offsets[i] + k * SEGMENT) * F32_BYTES,
      Math.min(SEGMENT, elements - k * SEGMENT),
      weightDecay?.[i] ?? 0,
      lrMultiplier?.[i] ?? 1,
    ]);
  });
  const integers = new Int32Array(rows.length * FIELDS);
  const floats = new Float32Array(integers.buffer);
  rows.forEach(([offset, count, ...factors], i) => {
    integers.set([offset, count], i * FIELDS);
    floats.set(factors, i * FIELDS + 2);
  });
  return { segments: constants.add(integers), count: rows.length };
}
