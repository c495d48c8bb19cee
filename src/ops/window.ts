import { ShapeError } from '../utils/errors.js';
import { expectInteger } from './check.js';

/** [height, width]. */
export type Pair = readonly [number, number];

/** [top, bottom, left, right]. */
export type Padding4 = readonly [number, number, number, number];

/** A window that slides over the last two axes: what convolutions and pools share. */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding4;
  readonly dilation: Pair;
}

export function toPair(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}

/** A number pads all sides, a pair [vertical, horizontal]. */
export function toPadding(value: number | Pair | Padding4): Padding4 {
  if (typeof value === 'number') return [value, value, value, value];
  return value.length === 2 ? [value[0], value[0], value[1], value[1]] : value;
}

/** Number of window positions along height and width: floor((size + padding - dilation·(kernel - 1) - 1) / stride) + 1. */
export function windowPositions(op: string, size: Pair, window: Window): Pair {
  const { kernel, stride, padding, dilation } = window;
  for (const axis of [0, 1]) {
    expectInteger(op, 'kernel', kernel[axis], 1);
    expectInteger(op, 'stride', stride[axis], 1);
    expectInteger(op, 'dilation', dilation[axis], 1);
  }
  for (const side of padding) expectInteger(op, 'padding', side, 0);
  const along = (axis: 0 | 1): number => {
    const padded = size[axis] + padding[2 * axis] + padding[2 * axis + 1];
    return Math.floor((padded - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
  };
  const result: Pair = [along(0), along(1)];
  if (result[0] < 1 || result[1] < 1) {
    throw new ShapeError(
      `${op} has no output: a ${kernel.join('x')} kernel with dilation ${dilation.join('x')} does not fit in ` +
        `${size.join('x')} with padding [${padding}]`,
      'use a larger input or more padding',
    );
  }
  return result;
}

/** Throws when a window covers nothing but padding: a pool of it would be a maximum or a mean of nothing. */
export function expectTaps(op: string, size: Pair, positions: Pair, window: Window): void {
  for (const axis of [0, 1]) {
    for (let position = 0; position < positions[axis]; position++) {
      const first = position * window.stride[axis] - window.padding[2 * axis];
      const inside = Array.from({ length: window.kernel[axis] }, (_, k) => first + k * window.dilation[axis]);
      if (inside.some((tap) => tap >= 0 && tap < size[axis])) continue;
      throw new ShapeError(
        `${op} got padding [${window.padding}], but then a ${window.kernel.join('x')} window lies outside ${size.join('x')}`,
        'pad by less than half the kernel',
      );
    }
  }
}
