/**
 * One bump allocator over the module's private memory, emptied before each image. Nothing is freed on its own, and
 * memory is dirty: it keeps what the images before left there.
 */
let top: usize = __heap_base;

const ALIGN: u64 = 64;
/** Addresses are 32 bits; the last page stays free so that a vector load past an end cannot wrap. */
const LIMIT: u64 = 0xffff0000;

/** Address of `bytes` fresh bytes, or 0 when the memory cannot grow that far. */
export function allocate(bytes: u64): usize {
  const start = (<u64>top + ALIGN - 1) & ~(ALIGN - 1);
  const end = start + bytes;
  if (end > LIMIT) return 0;
  const pages = <i32>((end + 0xffff) >> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) return 0;
  top = <usize>end;
  return <usize>start;
}

/** Empties the arena and returns the address for a file of `bytes` bytes, or 0 when it does not fit. */
export function allocateInput(bytes: u32): usize {
  top = __heap_base;
  return allocate(<u64>bytes + 64);
}
