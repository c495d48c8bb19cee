import {
  countOf,
  fail,
  flag,
  flagOf,
  floatsOf,
  int,
  like,
  map,
  numberOf,
  type Operands,
  type Operation,
  type Parameter,
  shapeOf,
  word,
  wordOf,
} from '../operation.js';

/** Where an output row or column samples the input: a place between two of its rows or columns. */
type Sampling = (index: number, output: number, input: number) => number;

const unaligned: Sampling = (index, output, input) => ((index + 0.5) * input) / output - 0.5;

const samplings: Readonly<Record<string, Sampling>> = {
  STRICT_ALIGN_CORNERS: (index, output, input) => (index * (input - 1)) / (output - 1),
  ALIGN_CORNERS: (index, output, input) => (output === 1 ? (input - 1) / 2 : (index * (input - 1)) / (output - 1)),
  UNALIGN_CORNERS: unaligned,
};

function resized(operands: Operands, height: number, width: number) {
  if (height < 1 || width < 1) fail(`the result would be ${height} by ${width}`);
  return like(operands, [...shapeOf(operands, 'x').slice(0, -2), height, width]);
}

const scaled = (operands: Operands) => {
  const [height, width] = shapeOf(operands, 'x').slice(-2);
  return resized(
    operands,
    height * numberOf(operands, 'scale_factor_height'),
    width * numberOf(operands, 'scale_factor_width'),
  );
};
const targeted = (operands: Operands) =>
  resized(operands, numberOf(operands, 'target_size_height'), numberOf(operands, 'target_size_width'));

const scales: Record<string, Parameter> = { scale_factor_height: int, scale_factor_width: int };
const targets: Record<string, Parameter> = { target_size_height: int, target_size_width: int };

/** The result's element is that of the row and column which its own, scaled and cut down, gives. */
function nearest(parameters: Record<string, Parameter>, infer: Operation['infer']): Operation {
  return {
    parameters: { x: map(3, 4, 5), ...parameters },
    infer,
    run(operands, [{ shape }]) {
      const x = floatsOf(operands, 'x');
      const [height, width] = shapeOf(operands, 'x').slice(-2);
      const [outHeight, outWidth] = shape.slice(-2);
      const y = new Float32Array(countOf(shape));
      for (let i = 0; i < y.length; i++) {
        const row = Math.floor(((Math.floor(i / outWidth) % outHeight) * height) / outHeight);
        const column = Math.floor(((i % outWidth) * width) / outWidth);
        y[i] = x[(Math.floor(i / outWidth / outHeight) * height + row) * width + column];
      }
      return [y];
    },
  };
}

function bilinear(
  parameters: Record<string, Parameter>,
  infer: Operation['infer'],
  sampling: (operands: Operands) => Sampling,
): Operation {
  return {
    parameters: { x: map(3, 4, 5), ...parameters },
    infer: (operands) => {
      sampling(operands);
      return infer(operands);
    },
    run(operands, [{ shape }]) {
      const x = floatsOf(operands, 'x');
      const [height, width] = shapeOf(operands, 'x').slice(-2);
      const [outHeight, outWidth] = shape.slice(-2);
      const place = sampling(operands);
      const along = (output: number, input: number) =>
        Array.from({ length: output }, (_, index) => {
          const at = Math.min(input - 1, Math.max(0, place(index, output, input)));
          const before = Math.min(Math.floor(at), input - 1);
          return [before, Math.min(before + 1, input - 1), at - before];
        });
      const [rows, columns] = [along(outHeight, height), along(outWidth, width)];
      const y = new Float32Array(countOf(shape));
      for (let i = 0; i < y.length; i++) {
        const plane = Math.floor(i / outWidth / outHeight) * height * width;
        const [top, bottom, down] = rows[Math.floor(i / outWidth) % outHeight];
        const [left, right, across] = columns[i % outWidth];
        const upper = x[plane + top * width + left] * (1 - across) + x[plane + top * width + right] * across;
        const lower = x[plane + bottom * width + left] * (1 - across) + x[plane + bottom * width + right] * across;
        y[i] = upper * (1 - down) + lower * down;
      }
      return [y];
    },
  };
}

export const resizing = {
  upsample_nearest_neighbor: nearest(scales, scaled),
  resize_nearest_neighbor: nearest(targets, targeted),
  upsample_bilinear: bilinear({ ...scales, align_corners: flag }, scaled, (operands) =>
    flagOf(operands, 'align_corners') ? samplings.STRICT_ALIGN_CORNERS : unaligned,
  ),
  resize_bilinear: bilinear({ ...targets, sampling_mode: word }, targeted, (operands) => {
    const mode = wordOf(operands, 'sampling_mode');
    return samplings[mode] ?? fail(`sampling_mode ${mode} is not known here`);
  }),
} as const satisfies Record<string, Operation>;
