import type { TypedArray } from '../../tensor/dtype.js';

const SAMPLES = 61;

/** Numbers that are compared; what is not finite becomes null on its way from another process. */
export type Fingerprint = readonly (number | null)[];

/**
 * Numbers that stand for a whole tensor: elements spread over it, its mean and its root mean square. `values` are in
 * logical row-major order.
 */
export function fingerprint(values: TypedArray | readonly number[]): number[] {
  const count = Math.min(SAMPLES, values.length);
  const samples = Array.from({ length: count }, (_, k) => values[Math.floor((k * values.length) / count)]);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] * values[i];
  }
  return [...samples, sum / values.length, Math.sqrt(squares / values.length)];
}

/**
 * Largest difference of two fingerprints, relative to the largest number in them. Infinity where one of them has
 * another length or anything but finite numbers.
 */
export function difference(ours: Fingerprint, theirs: Fingerprint): number {
  const all = [...ours, ...theirs];
  if (ours.length !== theirs.length || !all.every((value) => Number.isFinite(value))) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-30, ...all.map((value) => Math.abs(value!)));
  return Math.max(0, ...ours.map((value, i) => Math.abs(value! - theirs[i]!))) / scale;
}
