/**
 * The thread that runs, which says whose piece of the per-thread scratch is whose. Not always what a kernel gets as
 * `thread`: in a section that is the number of an image. Every thread has an instance of the module, and so a number.
 */
let current: i32 = 0;

// @ts-ignore: decorator
@inline
export function slot(): i32 {
  return current;
}

// @ts-ignore: decorator
@inline
export function setSlot(thread: i32): void {
  current = thread;
}
