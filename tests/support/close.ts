import { expect } from 'vitest';
import type { DType } from '../../src/tensor/dtype.js';
import type { RefArray } from '../reference/array.js';

export function norm(data: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += data[i] * data[i];
  return Math.sqrt(squares);
}

/**
 * Largest ‖Δg‖ of one tensor's gradient, given the true one and the norm of all of them together. The last term is for
 * gradients that vanish in float64 too.
 */
export const gradientLimit = (truth: ArrayLike<number>, all: number): number =>
  1e-4 * Math.max(norm(truth), 1e-3 * all) + 1e-12;

/** Float32 arithmetic on values of this size: the error relative to an element and to the root mean square. */
const TOLERANCE = 1e-5;

/** Integers must be equal; floats within `tolerance` of their own size plus that of the whole array. */
export function expectClose(
  what: string,
  got: ArrayLike<number>,
  { data, shape }: RefArray,
  dtype: DType = 'f32',
  tolerance = TOLERANCE,
): void {
  expect(got.length, `${what}: elements`).toBe(data.length);
  const scale = norm(data) / Math.sqrt(data.length || 1);
  for (let i = 0; i < data.length; i++) {
    const allowed = dtype === 'f32' ? tolerance * (Math.abs(data[i]) + scale) + 1e-30 : 0;
    if (Math.abs(got[i] - data[i]) <= allowed) continue;
    const bad = Array.from(data).filter((value, k) => !(Math.abs(got[k] - value) <= allowed)).length;
    expect.fail(
      `${what}: element ${i} of [${shape}] is ${got[i]}, expected ${data[i]} ± ${allowed.toExponential(1)} (${bad} differ)`,
    );
  }
}
