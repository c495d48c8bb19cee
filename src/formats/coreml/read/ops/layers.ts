import {
  constantFloat,
  countOf,
  fail,
  flag,
  flagOf,
  float,
  floatsOf,
  int,
  ints,
  like,
  map,
  numberOf,
  numbersOf,
  type Operands,
  type Operation,
  shapeOf,
  word,
} from '../operation.js';
import { paddingOf, windowOutput } from './windows.js';

const vector = { ...constantFloat, rank: [1] };

const conv: Operation = {
  parameters: {
    x: map(4),
    weight: map(4),
    bias: vector,
    strides: ints,
    pad_type: word,
    pad: ints,
    dilations: ints,
    groups: int,
  },
  infer(operands) {
    const [n, channels, ...size] = shapeOf(operands, 'x');
    const [outputs, perGroup, ...kernel] = shapeOf(operands, 'weight');
    const groups = numberOf(operands, 'groups');
    if (groups < 1 || channels !== perGroup * groups || outputs % groups) {
      fail(`weight [${shapeOf(operands, 'weight')}] with ${groups} groups for ${channels} channels`);
    }
    if (shapeOf(operands, 'bias')[0] !== outputs) fail(`bias of ${shapeOf(operands, 'bias')} for ${outputs} channels`);
    return like(operands, [n, outputs, ...windowOutput(operands, size, kernel)]);
  },
  run(operands, [{ shape }]) {
    const x = { data: floatsOf(operands, 'x'), shape: shapeOf(operands, 'x') };
    const weight = { data: floatsOf(operands, 'weight'), shape: shapeOf(operands, 'weight') };
    return [convolve(x, weight, floatsOf(operands, 'bias'), shape, operands)];
  },
};

interface Filled {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** One output map at a time, its sums in float64: each weight adds its product with a shifted input map. */
function convolve(x: Filled, weight: Filled, bias: Float32Array, shape: readonly number[], operands: Operands) {
  const [, channels, height, width] = x.shape;
  const [outputs, perGroup, kernelHeight, kernelWidth] = weight.shape;
  const [, , outHeight, outWidth] = shape;
  const [stepDown, stepRight] = numbersOf(operands, 'strides');
  const [gapDown, gapRight] = numbersOf(operands, 'dilations');
  const [top, , left] = paddingOf(operands, [height, width], [kernelHeight, kernelWidth]);
  const perMap = outHeight * outWidth;
  const y = new Float32Array(countOf(shape));
  const sums = new Float64Array(perMap);
  for (let map = 0; map < shape[0] * outputs; map++) {
    const output = map % outputs;
    const first =
      Math.floor(map / outputs) * channels + Math.floor(output / (outputs / (channels / perGroup))) * perGroup;
    sums.fill(bias[output]);
    let tap = output * perGroup * kernelHeight * kernelWidth;
    for (let channel = 0; channel < perGroup; channel++) {
      const plane = (first + channel) * height * width;
      for (let ky = 0; ky < kernelHeight; ky++) {
        for (let kx = 0; kx < kernelWidth; kx++) {
          const factor = weight.data[tap++];
          const right = kx * gapRight - left;
          // Output columns whose input column, column · step + right, is inside.
          const from = Math.max(0, Math.ceil(-right / stepRight));
          const to = Math.min(outWidth, Math.floor((width - 1 - right) / stepRight) + 1);
          for (let row = 0; row < outHeight; row++) {
            const down = row * stepDown + ky * gapDown - top;
            if (down < 0 || down >= height) continue;
            let at = plane + down * width + right + from * stepRight;
            for (let i = row * outWidth + from; i < row * outWidth + to; i++, at += stepRight) {
              sums[i] += factor * x.data[at];
            }
          }
        }
      }
    }
    y.set(sums, map * perMap);
  }
  return y;
}

const linear: Operation = {
  parameters: { x: map(1, 2, 3), weight: { ...constantFloat, rank: [2] }, bias: vector },
  infer(operands) {
    const [x, weight, bias] = ['x', 'weight', 'bias'].map((key) => shapeOf(operands, key));
    if (weight[1] !== x.at(-1)) fail(`weight [${weight}] for x [${x}]`);
    if (bias[0] !== weight[0]) fail(`bias [${bias}] for ${weight[0]} outputs`);
    return like(operands, [...x.slice(0, -1), weight[0]]);
  },
  run(operands, [{ shape }]) {
    const [outputs, inner] = shapeOf(operands, 'weight');
    const rows = countOf(shape) / outputs;
    const bias = floatsOf(operands, 'bias');
    const product = multiply(floatsOf(operands, 'x'), floatsOf(operands, 'weight'), rows, inner, outputs);
    return [Float32Array.from(product, (value, i) => value + bias[i % outputs])];
  },
};

/** Sums of products of rows of `a` [rows, inner] with rows of `b` [columns, inner]. */
function multiply(a: Float32Array, b: Float32Array, rows: number, inner: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    const other = column * inner;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      const start = row * inner;
      for (let i = 0; i < inner; i++) sum += a[start + i] * b[other + i];
      result[row * columns + column] = sum;
    }
  }
  return result;
}

const matmul: Operation = {
  parameters: { x: float, y: float, transpose_x: flag, transpose_y: flag },
  infer(operands) {
    const [x, y] = [shapeOf(operands, 'x'), shapeOf(operands, 'y')];
    if (x.length < 2 || y.length < 2) fail(`[${x}] and [${y}] are no matrices`);
    const [rows, inner] = flagOf(operands, 'transpose_x') ? [x.at(-1)!, x.at(-2)!] : [x.at(-2)!, x.at(-1)!];
    const [other, columns] = flagOf(operands, 'transpose_y') ? [y.at(-1)!, y.at(-2)!] : [y.at(-2)!, y.at(-1)!];
    if (inner !== other) fail(`the inner sizes of [${x}] and [${y}] are ${inner} and ${other}`);
    const [batch, batchY] = [x.slice(0, -2), y.slice(0, -2)];
    if (batchY.length > 0 && batch.join() !== batchY.join()) fail(`[${x}] and [${y}] have different batches`);
    return like(operands, [...batch, rows, columns]);
  },
  run(operands, [{ shape }]) {
    const [rows, columns] = shape.slice(-2);
    const batches = countOf(shape.slice(0, -2));
    const [x, y] = [floatsOf(operands, 'x'), floatsOf(operands, 'y')];
    const inner = x.length / batches / rows;
    const perY = shapeOf(operands, 'y').length > 2 ? inner * columns : 0;
    const result = new Float32Array(countOf(shape));
    for (let batch = 0; batch < batches; batch++) {
      const a = x.subarray(batch * rows * inner, (batch + 1) * rows * inner);
      const b = y.subarray(batch * perY, batch * perY + inner * columns);
      const left = flagOf(operands, 'transpose_x') ? turned(a, inner, rows) : a;
      const right = flagOf(operands, 'transpose_y') ? b : turned(b, inner, columns);
      result.set(multiply(left, right, rows, inner, columns), batch * rows * columns);
    }
    return [result];
  },
};

/** A matrix [rows, columns] as [columns, rows]. */
function turned(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) result[(i % columns) * rows + Math.floor(i / columns)] = matrix[i];
  return result;
}

export const layers = { conv, linear, matmul } as const satisfies Record<string, Operation>;
