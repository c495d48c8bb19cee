/** Words at the start of the shared memory by which the pool talks to its threads (indices into an Int32Array). */

/** Counts tapes; threads sleep on it. */
export const GENERATION = 0;
/** Non-zero: threads leave. */
export const QUIT = 1;
/** Address and length of the tape of this generation. */
export const TAPE = 2;
export const COUNT = 3;

/** Byte address of the barrier's two words. On a cache line of its own: threads spin on it. */
export const BARRIER = 256;
