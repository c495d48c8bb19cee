/**
 * Replays a plan: a tape of (table index of the kernel, pointer to its arguments). Every thread of the pool runs the
 * whole tape, each taking its share of every call, with a barrier after each.
 */
export function run(tape: usize, count: i32, sync: usize, thread: i32, threads: i32): void {
  const end = tape + ((<usize>count) << 3);
  for (; tape < end; tape += 8) {
    call_indirect<void>(load<u32>(tape), load<usize>(tape, 4), thread, threads);
    if (threads > 1) barrier(sync, threads);
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
