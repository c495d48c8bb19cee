import { Window } from './window';

/**
 * Reads a number of every cache line in [p, p + bytes). What is then read with gaps has been fetched in one long run,
 * in which the hardware reads ahead.
 */
export function touch(p: usize, bytes: usize): void {
  for (const end = p + bytes; p < end; p += 64) load<i32>(p);
}

/** Touches `rows` input rows of image n from `top` on, as far as they exist. */
export function touchRows(g: Window, n: i32, top: i32, rows: i32): void {
  const first = max(0, top);
  const count = min(g.inH, top + rows) - first;
  const rowBytes = <usize>(g.inW * g.xPixel);
  if (count > 0) touch(g.x + <usize>(n * g.inH + first) * rowBytes, <usize>count * rowBytes);
}
