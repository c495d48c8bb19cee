import { type Shape, size } from '../../src/tensor/shape.js';
import type { State } from '../../src/tensor/state.js';
import { array, type RefArray } from './array.js';

/**
 * Values that need no file and no parameter names, so that another implementation can be filled with the same ones:
 * h(i) = ((3·j² + 7·j + 11) mod 65537) / 65537 - 0.5 with j = i mod 65537.
 */
export function sequence(i: number): number {
  const j = i % 65537;
  return ((3 * j * j + 7 * j + 11) % 65537) / 65537 - 0.5;
}

/** Weights of variance 1 / fan_in; scales and variances 1; biases and means 0. */
export function parityValue({ name, shape }: State): RefArray {
  const length = size(shape);
  if (shape.length === 1) {
    const one = /(norm\.weight|running_var)$/.test(name) ? 1 : 0;
    return array(shape, new Float64Array(length).fill(one));
  }
  const scale = Math.sqrt(12 / (length / shape[0]));
  return array(
    shape,
    Float64Array.from({ length }, (_, i) => sequence(i) * scale),
  );
}

export function parityImage(shape: Shape): RefArray {
  return array(
    shape,
    Float64Array.from({ length: size(shape) }, (_, i) => sequence(i) + 0.5),
  );
}
