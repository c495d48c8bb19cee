import type { Padding4, Pair } from '../ops/index.js';
import { toPair } from '../ops/window.js';
import type { Shape } from '../tensor/shape.js';

interface Window {
  readonly kernel: number | Pair;
  readonly stride?: number | Pair;
  readonly dilation?: number | Pair;
}

/**
 * TensorFlow's padding for an image [N,C,H,W]: there are ⌈size / stride⌉ outputs, and where the zeros do not halve, the
 * odd one comes last. What was trained with it is wrong by half a pixel a stage with any other.
 */
export function samePadding([, , height, width]: Shape, { kernel, stride = 1, dilation = 1 }: Window): Padding4 {
  const zeros = (size: number, axis: 0 | 1): number => {
    const [taps, step, spread] = [kernel, stride, dilation].map((value) => toPair(value)[axis]);
    return Math.max(0, (Math.ceil(size / step) - 1) * step + (taps - 1) * spread + 1 - size);
  };
  const [vertical, horizontal] = [zeros(height, 0), zeros(width, 1)];
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return [top, vertical - top, left, horizontal - left];
}
