import { expect } from 'vitest';
import type { Tensor } from '../../src/tensor/tensor.js';
import { map, type RefArray } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { gradientLimit, norm } from './close.js';
import type { Random } from './random.js';

/** Small enough for the error of the difference, h²·f''' / 6, large enough for float64's rounding, 1e-16·f / h. */
const STEP = 1e-5;
const COORDINATES = 24;

/**
 * Compares gradients with central differences of the loss: along a random direction, which every element takes part
 * in, and along single coordinates (all of them when there are few).
 */
export function checkNumericGradients(
  loss: Tensor,
  wrt: readonly Tensor[],
  gradients: readonly RefArray[],
  feeds: ReadonlyMap<Tensor, RefArray>,
  random: Random,
): void {
  const all = Math.hypot(...gradients.map(({ data }) => norm(data)));
  wrt.forEach((tensor, t) => {
    const base = feeds.get(tensor)!;
    const at = (offset: (i: number) => number): number => {
      const moved = new Map(feeds).set(
        tensor,
        map(base, (value, i) => value + offset(i)),
      );
      return evaluate([loss], moved)[0].data[0];
    };
    const slope = (direction: (i: number) => number): number =>
      (at((i) => STEP * direction(i)) - at((i) => -STEP * direction(i))) / (2 * STEP);

    const { data } = gradients[t];
    const limit = gradientLimit(data, all);
    const signs = Array.from(data, () => (random.next() < 0.5 ? -1 : 1));
    const along = data.reduce((total, value, i) => total + value * signs[i], 0);
    const name = `numeric gradient of input ${t}`;
    expect(Math.abs(slope((i) => signs[i]) - along), `${name}, random direction`).toBeLessThanOrEqual(limit);

    const few = data.length <= COORDINATES;
    const errors = Array.from({ length: Math.min(data.length, COORDINATES) }, (_, k) => {
      const coordinate = few ? k : random.integer(data.length);
      return slope((i) => (i === coordinate ? 1 : 0)) - data[coordinate];
    });
    expect(norm(errors), `${name}, coordinates`).toBeLessThanOrEqual(limit);
  });
}
