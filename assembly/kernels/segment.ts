/**
 * Operators that walk many tensors in one launch get a table of segments, short pieces of the tensors. Every list of
 * tensors is one block of memory with the same offsets, so a segment describes them all.
 */
@unmanaged
export class Segment {
  /** From the start of the block, in bytes. */
  offset: i32;
  /** Elements. */
  count: i32;
  weightDecay: f32;
  lrMultiplier: f32;
}

// @ts-ignore: decorator
@inline
export function segmentAt(segments: usize, i: i32): Segment {
  return changetype<Segment>(segments + ((<usize>i) << 4));
}
