import type { Padding4, Pair } from '../../../../ops/window.js';
import type { Shape } from '../../../../tensor/shape.js';
import type { NodeImport } from '../importer.js';

/** Windows along one or two axes as the engine has them; one axis becomes the second of two. */
export interface ImportedWindow {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: Padding4;
  /** Whether the image has one axis only. */
  readonly flat: boolean;
}

/** Reads kernel, strides, dilations, pads and auto_pad; with `ceil`, padding grows until the last window fits. */
export function windowOf(job: NodeImport, shape: Shape, kernel: readonly number[]): ImportedWindow | undefined {
  const axes = shape.length - 2;
  if (axes < 1 || axes > 2) return undefined;
  const ones = new Array<number>(axes).fill(1);
  const strides = job.ints('strides', ones);
  const dilations = job.ints('dilations', ones);
  const sizes = shape.slice(2);
  const reach = sizes.map((_, i) => dilations[i] * (kernel[i] - 1) + 1);
  const auto = job.text('auto_pad', 'NOTSET');
  let pads = [...job.ints('pads', new Array<number>(2 * axes).fill(0))];
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const total = sizes.map((size, i) =>
      Math.max(0, (Math.ceil(size / strides[i]) - 1) * strides[i] + reach[i] - size),
    );
    const less = total.map((n) => Math.floor(n / 2));
    const more = total.map((n, i) => n - less[i]);
    pads = auto === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  } else if (auto === 'VALID') pads = pads.map(() => 0);
  if (pads.some((pad) => pad < 0)) return undefined;
  const pair = (values: readonly number[], fill: number): Pair =>
    axes === 1 ? [fill, values[0]] : [values[0], values[1]];
  const padding: Padding4 = axes === 1 ? [0, 0, pads[0], pads[1]] : [pads[0], pads[2], pads[1], pads[3]];
  return { kernel: pair(kernel, 1), stride: pair(strides, 1), dilation: pair(dilations, 1), padding, flat: axes === 1 };
}

/** How much more padding at the end lets ceil_mode's last windows fit; those that start in it do not count. */
export function ceilPadding(size: Pair, { kernel, stride, dilation, padding }: ImportedWindow): Pair {
  const along = (axis: 0 | 1): number => {
    const [before, after] = [padding[2 * axis], padding[2 * axis + 1]];
    const room = size[axis] + before + after - dilation[axis] * (kernel[axis] - 1) - 1;
    let windows = Math.ceil(room / stride[axis]) + 1;
    if ((windows - 1) * stride[axis] >= size[axis] + before) windows--;
    return Math.max(0, (windows - 1) * stride[axis] - room);
  };
  return [along(0), along(1)];
}
