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

/**
 * Largest difference of the losses of training steps. How far the loss moves from the first one on shows the gradients,
 * and counts by `weight`: float32 alone changes the move of a deep network with batch norms by a few percent, as
 * PyTorch's own two layouts differ.
 */
export function lossDifference(ours: Fingerprint, theirs: Fingerprint, weight = 0.02): number {
  const moves = (losses: Fingerprint) =>
    losses.slice(1).map((loss) => (loss ?? Number.NaN) - (losses[0] ?? Number.NaN));
  return Math.max(
    difference(ours.slice(0, 1), theirs.slice(0, 1)),
    difference(ours, theirs) === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : 0,
    weight * difference(moves(ours), moves(theirs)),
  );
}
