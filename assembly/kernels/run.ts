import { rangeEnd, rangeStart } from './range';
import { setSlot } from './slot';

// A word of the tape: slot of the kernel in the call table, whether it goes on with the section of the call before,
// and the images of the section (0: none).
const KERNEL: u32 = 0x7fff;
const CONTINUES: u32 = 0x8000;
const IMAGES: u32 = 16;

/**
 * Replays a plan: a tape of (word, pointer to arguments). Every thread of the pool runs the whole tape, each taking its
 * share of every call, with a barrier after each. The calls of a section depend on each other image by image only: a
 * thread takes its images through all of them one after the other, so that they stay in its caches, and one barrier
 * follows.
 */
export function run(tape: usize, count: i32, sync: usize, thread: i32, threads: i32): void {
  setSlot(thread);
  const end = tape + ((<usize>count) << 3);
  while (tape < end) {
    const word = load<u32>(tape);
    let next = tape + 8;
    while (next < end && load<u32>(next) & CONTINUES) next += 8;
    if (next == tape + 8) call_indirect<void>(word & KERNEL, load<usize>(tape, 4), thread, threads);
    else section(tape, next, <i32>(word >> IMAGES), thread, threads);
    tape = next;
    if (threads > 1) barrier(sync, threads);
  }
}

function section(tape: usize, end: usize, images: i32, thread: i32, threads: i32): void {
  const last = rangeEnd(images, thread, threads);
  for (let image = rangeStart(images, thread, threads); image < last; image++) {
    for (let entry = tape; entry < end; entry += 8) {
      call_indirect<void>(load<u32>(entry) & KERNEL, load<usize>(entry, 4), image, images);
    }
  }
}

/**
 * Sleeps while the word at `address` is `expected`: `Atomics.wait` of the host. Not `memory.atomic.wait32`, after which
 * code from V8's baseline compiler (seen in 11.3) goes on with wrong values in its locals.
 */
// @ts-ignore: decorator
@external('env', 'park')
declare function park(address: usize, expected: i32): void;

/** Loads before a waiting thread goes to sleep: about 50 µs, so that a step that runs hot never parks. */
const SPINS: i32 = 20000;

/**
 * Sense-reversing barrier: `sync` holds the number of arrived threads, `sync + 4` the generation. The last to arrive
 * opens the next generation; the others spin on it, then wait.
 */
function barrier(sync: usize, threads: i32): void {
  const generation = atomic.load<i32>(sync, 4);
  if (atomic.add<i32>(sync, 1) == threads - 1) {
    atomic.store<i32>(sync, 0);
    atomic.store<i32>(sync, generation + 1, 4);
    atomic.notify(sync + 4, threads);
    return;
  }
  for (let i = 0; i < SPINS; i++) {
    if (atomic.load<i32>(sync, 4) != generation) return;
  }
  while (atomic.load<i32>(sync, 4) == generation) park(sync + 4, generation);
}
