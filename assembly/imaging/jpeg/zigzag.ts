/**
 * Byte offset, in a block of i16 in natural order, of the k-th coefficient of a stream. A damaged run may step up to
 * 15 places past the end: those land in a slot behind the block.
 */
export const zigzag: usize = memory.data<u8>([
  0, 2, 16, 32, 18, 4, 6, 20, 34, 48, 64, 50, 36, 22, 8, 10, 24, 38, 52, 66, 80, 96, 82, 68, 54, 40, 26, 12, 14, 28, 42,
  56, 70, 84, 98, 112, 114, 100, 86, 72, 58, 44, 30, 46, 60, 74, 88, 102, 116, 118, 104, 90, 76, 62, 78, 92, 106, 120,
  122, 108, 94, 110, 124, 126, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
]);

// @ts-ignore: decorator
@inline
export function naturalOrder(k: i32): usize {
  return <usize>load<u8>(zigzag + <usize>k);
}
