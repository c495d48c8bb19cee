import { normalizeAxis } from '../../../../tensor/shape.js';
import { count, hostArray } from '../array.js';
import type { HostOp, NodeImport } from '../importer.js';

type Coordinate = (i: number, scale: number, from: number, to: number, roi: readonly [number, number]) => number;

/** Where in the input an element of the output lies. */
const coordinates: Readonly<Record<string, Coordinate>> = {
  half_pixel: (i, scale) => (i + 0.5) / scale - 0.5,
  half_pixel_symmetric: (i, scale, from, to) => {
    const adjust = to / (scale * from);
    return (from / 2) * (1 - adjust) + (i + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (i, scale, _, to) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0),
  asymmetric: (i, scale) => i / scale,
  align_corners: (i, _, from, to) => (to === 1 ? 0 : (i * (from - 1)) / (to - 1)),
  tf_half_pixel_for_nn: (i, scale) => (i + 0.5) / scale,
  tf_crop_and_resize: (i, _, from, to, [start, end]) =>
    to > 1 ? start * (from - 1) + (i * (end - start) * (from - 1)) / (to - 1) : 0.5 * (start + end) * (from - 1),
};

const rounds: Readonly<Record<string, (x: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
};

/** Elements of the input and their weights. */
type Taps = readonly (readonly [index: number, weight: number])[];

function tapsAt(x: number, size: number, job: NodeImport): Taps {
  const mode = job.text('mode', 'nearest');
  if (mode === 'nearest') return [[rounds[job.text('nearest_mode', 'round_prefer_floor')](x), 1]];
  const base = Math.floor(x);
  const t = x - base;
  if (mode === 'linear')
    return [
      [base, 1 - t],
      [base + 1, t],
    ];
  const a = job.float('cubic_coeff_a', -0.75);
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const taps: Taps = [
    [base - 1, far(1 + t)],
    [base, near(t)],
    [base + 1, near(1 - t)],
    [base + 2, far(2 - t)],
  ];
  if (job.int('exclude_outside', 0) === 0) return taps;
  const inside = taps.filter(([i]) => i >= 0 && i < size);
  const total = inside.reduce((sum, [, weight]) => sum + weight, 0);
  return inside.map(([i, weight]) => [i, weight / total]);
}

/** Any Resize: one axis after the other, since the weights of several are products. */
const resize: HostOp = ([x, second, third, fourth], job) => {
  const { dims } = x!;
  if (job.int('antialias', 0) === 1) job.fail('with antialias is not supported');
  const [roi, scales, sizes] = job.opset < 11 ? [undefined, second, undefined] : [second, third, fourth];
  const mode = job.text('coordinate_transformation_mode', job.opset < 11 ? 'asymmetric' : 'half_pixel');
  const axes = job.ints('axes', [...dims.keys()]).map((axis) => normalizeAxis(axis, dims.length));
  const given = scales && scales.data.length > 0;
  const wanted = sizes ? Array.from(sizes.data) : [];
  let factors = axes.map((axis, i) => (given ? scales.data[i] : wanted[i] / dims[axis]));
  const policy = job.text('keep_aspect_ratio_policy', 'stretch');
  if (!given && policy !== 'stretch') {
    const factor = policy === 'not_larger' ? Math.min(...factors) : Math.max(...factors);
    factors = factors.map(() => factor);
  }
  const kept = !given && policy !== 'stretch';
  const targets = axes.map((axis, i) => {
    if (kept) return Math.round(factors[i] * dims[axis]);
    return given ? Math.floor(dims[axis] * factors[i]) : wanted[i];
  });
  const locate = coordinates[mode] ?? job.fail(`with ${mode} is not supported`);
  const extrapolation = job.float('extrapolation_value', 0);
  let shape = [...dims];
  let data: ArrayLike<number> = x!.data;
  const outside: { readonly axis: number; readonly places: readonly boolean[] }[] = [];
  axes.forEach((axis, k) => {
    if (targets[k] === dims[axis] && mode !== 'tf_crop_and_resize') return;
    const size = dims[axis];
    const region = [roi?.data[k] ?? 0, roi?.data[k + axes.length] ?? 1] as const;
    // By scales, the standard's reference counts with the length before it is rounded.
    const length = given ? factors[k] * size : targets[k];
    const places = Array.from({ length: targets[k] }, (_, i) => locate(i, factors[k], size, length, region));
    if (mode === 'tf_crop_and_resize') outside.push({ axis, places: places.map((p) => p < 0 || p > size - 1) });
    const taps = places.map((place) => tapsAt(place, size, job));
    const next = shape.with(axis, targets[k]);
    const inner = count(shape.slice(axis + 1));
    const result = new Float64Array(count(next));
    for (let i = 0; i < result.length; i++) {
      const place = Math.floor(i / inner) % targets[k];
      const row = Math.floor(i / inner / targets[k]) * size;
      for (const [tap, weight] of taps[place]) {
        result[i] += weight * data[(row + Math.min(size - 1, Math.max(0, tap))) * inner + (i % inner)];
      }
    }
    [shape, data] = [next, result];
  });
  const result = Float64Array.from(data);
  for (const { axis, places } of outside) {
    const inner = count(shape.slice(axis + 1));
    for (let i = 0; i < result.length; i++) if (places[Math.floor(i / inner) % shape[axis]]) result[i] = extrapolation;
  }
  return [hostArray(x!.type, shape, result)];
};

export const resizeHostOps: Readonly<Record<string, HostOp>> = { Resize: resize, Upsample: resize };
