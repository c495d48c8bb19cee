import { count, hostArray } from '../array.js';
import type { HostOp, NodeImport } from '../importer.js';
import { eachIndex } from './support.js';

interface Geometry {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly output: readonly number[];
}

function geometryOf(job: NodeImport, sizes: readonly number[]): Geometry {
  const kernel = job.ints('kernel_shape');
  const ones = kernel.map(() => 1);
  const stride = job.ints('strides', ones);
  const dilation = job.ints('dilations', ones);
  const pads = job.ints(
    'pads',
    [...ones, ...ones].map(() => 0),
  );
  const reach = kernel.map((k, i) => dilation[i] * (k - 1) + 1);
  const auto = job.text('auto_pad', 'NOTSET');
  let [before, after] = [pads.slice(0, kernel.length), pads.slice(kernel.length)];
  if (auto.startsWith('SAME')) {
    const total = sizes.map((size, i) => Math.max(0, (Math.ceil(size / stride[i]) - 1) * stride[i] + reach[i] - size));
    const [less, more] = [total.map((n) => Math.floor(n / 2)), total.map((n) => Math.ceil(n / 2))];
    [before, after] = auto === 'SAME_UPPER' ? [less, more] : [more, less];
  } else if (auto === 'VALID') [before, after] = [ones.map(() => 0), ones.map(() => 0)];
  const ceil = job.int('ceil_mode', 0) === 1;
  const output = sizes.map((size, i) => {
    const room = (size + before[i] + after[i] - reach[i]) / stride[i];
    const windows = (ceil ? Math.ceil(room) : Math.floor(room)) + 1;
    return ceil && (windows - 1) * stride[i] >= size + before[i] ? windows - 1 : windows;
  });
  return { kernel, stride, dilation, before, after, output };
}

/** Visits every window of every channel with the places of its taps that lie in the image. */
function eachWindow(
  dims: readonly number[],
  g: Geometry,
  visit: (taps: readonly number[], padded: number, position: number) => void,
): void {
  const sizes = dims.slice(2);
  const plane = count(sizes);
  let position = 0;
  for (let channel = 0; channel < dims[0] * dims[1]; channel++) {
    eachIndex(g.output, (window) => {
      const taps: number[] = [];
      let padded = 0;
      eachIndex(g.kernel, (tap) => {
        const at = tap.map((t, i) => window[i] * g.stride[i] - g.before[i] + t * g.dilation[i]);
        // Padding that only ceil_mode adds does not count.
        if (at.every((p, i) => p < sizes[i] + g.after[i])) padded++;
        if (at.every((p, i) => p >= 0 && p < sizes[i])) {
          taps.push(channel * plane + at.reduce((flat, p, i) => flat * sizes[i] + p, 0));
        }
      });
      visit(taps, padded, position++);
    });
  }
}

const averagePool: HostOp = ([x], job) => {
  const g = geometryOf(job, x!.dims.slice(2));
  const withPadding = job.int('count_include_pad', 0) === 1;
  const dims = [...x!.dims.slice(0, 2), ...g.output];
  const result = new Float64Array(count(dims));
  eachWindow(x!.dims, g, (taps, padded, position) => {
    const total = taps.reduce((sum, tap) => sum + x!.data[tap], 0);
    result[position] = total / (withPadding ? padded : taps.length);
  });
  return [hostArray(x!.type, dims, result)];
};

/** The second result is where each maximum was, counted row-major or by columns. */
const maxPool: HostOp = ([x], job) => {
  const g = geometryOf(job, x!.dims.slice(2));
  const dims = [...x!.dims.slice(0, 2), ...g.output];
  const [values, places] = [new Float64Array(count(dims)), new Float64Array(count(dims))];
  eachWindow(x!.dims, g, (taps, _, position) => {
    const best = taps.reduce((a, b) => (x!.data[b] > x!.data[a] ? b : a));
    [values[position], places[position]] = [x!.data[best], best];
  });
  if (job.int('storage_order', 0) === 1) {
    const [height, width] = x!.dims.slice(2);
    const plane = height * width;
    places.forEach((place, i) => {
      const inside = place % plane;
      places[i] = place - inside + (inside % width) * height + Math.floor(inside / width);
    });
  }
  return [hostArray(x!.type, dims, values), hostArray('int64', dims, places)];
};

export const poolHostOps: Readonly<Record<string, HostOp>> = { AveragePool: averagePool, MaxPool: maxPool };
