import { hostArray } from '../array.js';
import type { HostOp } from '../importer.js';
import { build } from './support.js';

/** Samples an image at places that a grid gives, -1 to 1 along each axis. */
const gridSample: HostOp = ([x, grid], job) => {
  const [n, c, h, w] = x!.dims;
  const [, oh, ow] = grid!.dims;
  const mode = job
    .text('mode', 'bilinear')
    .replace(/^linear$/, 'bilinear')
    .replace(/^cubic$/, 'bicubic');
  const padding = job.text('padding_mode', 'zeros');
  const corners = job.int('align_corners', 0) === 1;
  const place = (g: number, size: number) => (corners ? ((g + 1) / 2) * (size - 1) : ((g + 1) * size - 1) / 2);
  const reflect = (value: number, size: number): number => {
    const [low, high] = corners ? [0, size - 1] : [-0.5, size - 0.5];
    const span = high - low;
    if (span === 0) return low;
    const inside = Math.abs(value - low) % (2 * span);
    return low + (inside > span ? 2 * span - inside : inside);
  };
  const at = (image: number, channel: number, row: number, column: number): number => {
    let [y, z] = [row, column];
    if (padding === 'border') [y, z] = [Math.min(h - 1, Math.max(0, y)), Math.min(w - 1, Math.max(0, z))];
    else if (padding === 'reflection') {
      [y, z] = [reflect(y, h), reflect(z, w)];
      [y, z] = [Math.min(h - 1, Math.max(0, Math.round(y))), Math.min(w - 1, Math.max(0, Math.round(z)))];
    }
    return y < 0 || z < 0 || y >= h || z >= w ? 0 : x!.data[((image * c + channel) * h + y) * w + z];
  };
  const even = (value: number): number => {
    const floor = Math.floor(value);
    if (value - floor !== 0.5) return Math.round(value);
    return floor % 2 === 0 ? floor : floor + 1;
  };
  const cubic = (t: number): readonly number[] => {
    const a = -0.75;
    const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
    const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    return [far(1 + t), near(t), near(1 - t), far(2 - t)];
  };
  return [
    build(x!.type, [n, c, oh, ow], ([image, channel, i, j]) => {
      const base = ((image * oh + i) * ow + j) * 2;
      let [px, py] = [place(grid!.data[base], w), place(grid!.data[base + 1], h)];
      if (padding === 'border' && mode !== 'bicubic')
        [px, py] = [Math.min(w - 1, Math.max(0, px)), Math.min(h - 1, Math.max(0, py))];
      else if (padding === 'reflection' && mode !== 'bicubic') [px, py] = [reflect(px, w), reflect(py, h)];
      if (mode === 'nearest') return at(image, channel, even(py), even(px));
      const [x0, y0] = [Math.floor(px), Math.floor(py)];
      const [fx, fy] = [px - x0, py - y0];
      if (mode === 'bilinear') {
        const row = (y: number) => at(image, channel, y, x0) * (1 - fx) + at(image, channel, y, x0 + 1) * fx;
        return row(y0) * (1 - fy) + row(y0 + 1) * fy;
      }
      const [wx, wy] = [cubic(fx), cubic(fy)];
      let total = 0;
      for (let a = 0; a < 4; a++)
        for (let b = 0; b < 4; b++) total += wy[a] * wx[b] * at(image, channel, y0 - 1 + a, x0 - 1 + b);
      return total;
    }),
  ];
};

/** Bins of regions, each the mean or the maximum of samples (arXiv:1703.06870). */
const roiAlign: HostOp = ([x, rois, batches], job) => {
  const [, c, h, w] = x!.dims;
  const [oh, ow] = [job.int('output_height', 1), job.int('output_width', 1)];
  const ratio = job.int('sampling_ratio', 0);
  const scale = job.float('spatial_scale', 1);
  const half =
    job.text('coordinate_transformation_mode', job.opset < 16 ? 'output_half_pixel' : 'half_pixel') === 'half_pixel';
  const largest = job.text('mode', 'avg') === 'max';
  const regions = rois!.dims[0];
  return [
    build(x!.type, [regions, c, oh, ow], ([region, channel, i, j]) => {
      const [x1, y1, x2, y2] = Array.from(
        rois!.data.subarray(4 * region, 4 * region + 4),
        (v) => v * scale - (half ? 0.5 : 0),
      );
      const [rw, rh] = half ? [x2 - x1, y2 - y1] : [Math.max(1, x2 - x1), Math.max(1, y2 - y1)];
      const [bh, bw] = [rh / oh, rw / ow];
      const [gh, gw] = ratio > 0 ? [ratio, ratio] : [Math.ceil(bh), Math.ceil(bw)];
      const plane = (batches!.data[region] * c + channel) * h * w;
      let total = largest ? Number.NEGATIVE_INFINITY : 0;
      for (let a = 0; a < gh; a++) {
        for (let b = 0; b < gw; b++) {
          const y = y1 + i * bh + ((a + 0.5) * bh) / gh;
          const z = x1 + j * bw + ((b + 0.5) * bw) / gw;
          const taps = bilinear(y, z, h, w).map(([place, weight]) => weight * x!.data[plane + place]);
          if (largest) total = Math.max(total, ...taps);
          else total += taps.reduce((sum, tap) => sum + tap, 0);
        }
      }
      return largest ? total : total / Math.max(1, gh * gw);
    }),
  ];
};

/** Four neighbours and their weights; nothing beyond one pixel outside. */
function bilinear(row: number, column: number, h: number, w: number): [place: number, weight: number][] {
  if (row < -1 || row > h || column < -1 || column > w) return [[0, 0]];
  const [y, x] = [Math.max(0, row), Math.max(0, column)];
  const [y0, x0] = [Math.min(h - 1, Math.floor(y)), Math.min(w - 1, Math.floor(x))];
  const [y1, x1] = [Math.min(h - 1, y0 + 1), Math.min(w - 1, x0 + 1)];
  const [fy, fx] = [y0 >= h - 1 ? 0 : y - y0, x0 >= w - 1 ? 0 : x - x0];
  return [
    [y0 * w + x0, (1 - fy) * (1 - fx)],
    [y0 * w + x1, (1 - fy) * fx],
    [y1 * w + x0, fy * (1 - fx)],
    [y1 * w + x1, fy * fx],
  ];
}

/** Each element over the sum of squares of its neighbours among the channels. */
const localResponse: HostOp = ([x], job) => {
  const [alpha, beta, bias] = [job.float('alpha', 1e-4), job.float('beta', 0.75), job.float('bias', 1)];
  const size = job.int('size');
  const channels = x!.dims[1];
  const inner = x!.dims.slice(2).reduce((a, b) => a * b, 1);
  const result = x!.data.map((value, flat) => {
    const channel = Math.floor(flat / inner) % channels;
    const first = Math.max(0, channel - Math.floor((size - 1) / 2));
    const last = Math.min(channels - 1, channel + Math.ceil((size - 1) / 2));
    let squares = 0;
    for (let k = first; k <= last; k++) squares += x!.data[flat + (k - channel) * inner] ** 2;
    return value / (bias + (alpha / size) * squares) ** beta;
  });
  return [hostArray(x!.type, x!.dims, result)];
};

export const sampleHostOps: Readonly<Record<string, HostOp>> = {
  GridSample: gridSample,
  LRN: localResponse,
  RoiAlign: roiAlign,
};
