import {
  countOf,
  expectLength,
  fail,
  flag,
  flagOf,
  floatsOf,
  ints,
  like,
  map,
  numbersOf,
  type Operands,
  type Operation,
  shapeOf,
  word,
  wordOf,
} from '../operation.js';

type Pair = readonly number[];

const dilationsOf = (operands: Operands): number[] =>
  'dilations' in operands ? numbersOf(operands, 'dilations') : [1, 1];

/** [top, bottom, left, right], whatever the type of padding. */
export function paddingOf(operands: Operands, size: Pair, kernel: Pair): number[] {
  const type = wordOf(operands, 'pad_type');
  if (type === 'custom') return numbersOf(operands, 'pad');
  if (type === 'valid') return [0, 0, 0, 0];
  if (type !== 'same' && type !== 'same_lower') fail(`pad_type is ${type}`);
  const strides = numbersOf(operands, 'strides');
  const dilations = dilationsOf(operands);
  return size.flatMap((length, i) => {
    const span = (kernel[i] - 1) * dilations[i] + 1;
    const total = Math.max(0, (Math.ceil(length / strides[i]) - 1) * strides[i] + span - length);
    const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
    return type === 'same' ? [less, more] : [more, less];
  });
}

/** How many places a window has along each axis. */
export function windowOutput(operands: Operands, size: Pair, kernel: Pair): number[] {
  const strides = numbersOf(operands, 'strides');
  const dilations = dilationsOf(operands);
  expectLength('strides', strides, 2);
  expectLength('dilations', dilations, 2);
  if (wordOf(operands, 'pad_type') === 'custom') expectLength('pad', numbersOf(operands, 'pad'), 4);
  if ([...strides, ...dilations, ...kernel].some((value) => value < 1)) fail('a window has a size or step below 1');
  const padding = paddingOf(operands, size, kernel);
  if (padding.some((value) => value < 0)) fail(`pad is ${padding}`);
  return size.map((length, i) => {
    const span = (kernel[i] - 1) * dilations[i] + 1;
    const places = Math.floor((length + padding[2 * i] + padding[2 * i + 1] - span) / strides[i]) + 1;
    return places >= 1 ? places : fail(`a window of ${span} does not fit into ${length}`);
  });
}

const parameters = { x: map(4), kernel_sizes: ints, strides: ints, pad_type: word, pad: ints, ceil_mode: flag };

/** `reduce` gets the elements under the window and how many places it has in all. */
function pool(
  others: Operation['parameters'],
  prepare: (operands: Operands) => (taps: number[], places: number) => number,
): Operation {
  return {
    parameters: { ...parameters, ...others },
    infer(operands) {
      const [n, channels, ...size] = shapeOf(operands, 'x');
      const kernel = numbersOf(operands, 'kernel_sizes');
      expectLength('kernel_sizes', kernel, 2);
      if (flagOf(operands, 'ceil_mode')) fail('ceil_mode is not known here');
      return like(operands, [n, channels, ...windowOutput(operands, size, kernel)]);
    },
    run(operands, [{ shape }]) {
      const reduce = prepare(operands);
      const x = floatsOf(operands, 'x');
      const [, , height, width] = shapeOf(operands, 'x');
      const kernel = numbersOf(operands, 'kernel_sizes');
      const [stepDown, stepRight] = numbersOf(operands, 'strides');
      const [top, , left] = paddingOf(operands, [height, width], kernel);
      const [outHeight, outWidth] = shape.slice(2);
      const y = new Float32Array(countOf(shape));
      for (let i = 0; i < y.length; i++) {
        const [row, column] = [Math.floor(i / outWidth) % outHeight, i % outWidth];
        const plane = Math.floor(i / outWidth / outHeight) * height * width;
        const taps: number[] = [];
        for (let ky = 0; ky < kernel[0]; ky++) {
          const down = row * stepDown + ky - top;
          if (down < 0 || down >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const right = column * stepRight + kx - left;
            if (right >= 0 && right < width) taps.push(x[plane + down * width + right]);
          }
        }
        y[i] = reduce(taps, kernel[0] * kernel[1]);
      }
      return [y];
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const windows = {
  max_pool: pool({}, () => (taps) => Math.max(...taps)),
  avg_pool: pool({ exclude_padding_from_average: flag }, (operands) => {
    const exclude = flagOf(operands, 'exclude_padding_from_average');
    return (taps, places) => sum(taps) / (exclude ? taps.length : places);
  }),
} as const satisfies Record<string, Operation>;
