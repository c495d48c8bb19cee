import type { Value } from '../device.js';

/** x in memory as [outer][count][inner] around one logical axis. */
export function aroundAxis(x: Value, axis: number): { outer: number; count: number; inner: number } {
  const position = x.layout.indexOf(axis);
  const lengths = x.layout.map((a) => x.shape[a]);
  const product = (list: readonly number[]): number => list.reduce((n, d) => n * d, 1);
  return {
    outer: product(lengths.slice(0, position)),
    count: lengths[position],
    inner: product(lengths.slice(position + 1)),
  };
}
