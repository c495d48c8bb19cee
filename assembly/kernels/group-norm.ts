import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { paddedBytes, shiftedSums } from './shifted-sums';

/** x is [samples][pixels][channels]; each sample is cut into chunks of pixels that depend on the shape alone. */

@unmanaged
class GroupNormStatisticsArgs {
  x: usize;
  /** [samples][chunks][3][channels rounded up to 4], see shiftedSums. */
  partials: usize;
  samples: i32;
  pixels: i32;
  channels: i32;
  chunkPixels: i32;
}

export function groupNormStatistics(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormStatisticsArgs>(args);
  const chunks = (a.pixels + a.chunkPixels - 1) / a.chunkPixels;
  const end = rangeEnd(a.samples * chunks, thread, threads);
  for (let item = rangeStart(a.samples * chunks, thread, threads); item < end; item++) {
    const first = (item % chunks) * a.chunkPixels;
    const x = a.x + ((<usize>((item / chunks) * a.pixels + first) * a.channels) << 2);
    const partial = a.partials + <usize>item * 3 * paddedBytes(a.channels);
    shiftedSums(x, min(a.chunkPixels, a.pixels - first), a.channels, partial);
  }
}

@unmanaged
class GroupNormFinishArgs {
  partials: usize;
  /** [samples][groups] */
  mean: usize;
  rstd: usize;
  samples: i32;
  pixels: i32;
  channels: i32;
  chunkPixels: i32;
  groups: i32;
  eps: f32;
}

/** Merges chunks and channels of a group in order (Chan et al. 1979), in f64. */
export function groupNormFinish(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormFinishArgs>(args);
  const width = a.channels / a.groups;
  const padded = paddedBytes(a.channels);
  const chunks = (a.pixels + a.chunkPixels - 1) / a.chunkPixels;
  const total = <f64>a.pixels * <f64>width;
  const end = rangeEnd(a.samples * a.groups, thread, threads);
  for (let item = rangeStart(a.samples * a.groups, thread, threads); item < end; item++) {
    const sample = item / a.groups;
    const column = (<usize>((item % a.groups) * width)) << 2;
    const start = a.partials + <usize>(sample * chunks) * 3 * padded + column;
    let sum: f64 = 0;
    let p = start;
    for (let chunk = 0; chunk < chunks; chunk++, p += 3 * padded) {
      const count = <f64>min(a.chunkPixels, a.pixels - chunk * a.chunkPixels);
      for (let c = 0, q = p; c < width; c++, q += 4) {
        sum += count * <f64>load<f32>(q) + <f64>load<f32>(q + padded);
      }
    }
    const mean = sum / total;
    let m2: f64 = 0;
    p = start;
    for (let chunk = 0; chunk < chunks; chunk++, p += 3 * padded) {
      const count = <f64>min(a.chunkPixels, a.pixels - chunk * a.chunkPixels);
      for (let c = 0, q = p; c < width; c++, q += 4) {
        const delta = mean - <f64>load<f32>(q);
        m2 += <f64>load<f32>(q + 2 * padded) + delta * (count * delta - 2 * <f64>load<f32>(q + padded));
      }
    }
    store<f32>(a.mean + ((<usize>item) << 2), <f32>mean);
    store<f32>(a.rstd + ((<usize>item) << 2), <f32>(1 / sqrt<f64>(max(m2, 0) / total + <f64>a.eps)));
  }
}

@unmanaged
class GroupNormExpandArgs {
  mean: usize;
  rstd: usize;
  gamma: usize;
  /** [samples][2][channels rounded up to 4]: mean, and gamma rstd, of each channel. */
  channelwise: usize;
  samples: i32;
  channels: i32;
  groups: i32;
}

export function groupNormExpand(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormExpandArgs>(args);
  const width = a.channels / a.groups;
  const padded = paddedBytes(a.channels);
  const end = rangeEnd(a.samples, thread, threads);
  for (let sample = rangeStart(a.samples, thread, threads); sample < end; sample++) {
    const means = a.channelwise + <usize>sample * 2 * padded;
    for (let c = 0; c < a.channels; c++) {
      const at = (<usize>c) << 2;
      const from = (<usize>(sample * a.groups + c / width)) << 2;
      store<f32>(means + at, load<f32>(a.mean + from));
      store<f32>(means + padded + at, load<f32>(a.gamma + at) * load<f32>(a.rstd + from));
    }
  }
}

@unmanaged
class GroupNormApplyArgs {
  x: usize;
  channelwise: usize;
  beta: usize;
  y: usize;
  samples: i32;
  pixels: i32;
  channels: i32;
}

/** y = (x - mean) (gamma rstd) + beta */
export function groupNormApply(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormApplyArgs>(args);
  const step = (<usize>a.channels) << 2;
  const padded = paddedBytes(a.channels);
  const beta = a.beta;
  const rows = a.samples * a.pixels;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    const mean = a.channelwise + <usize>(row / a.pixels) * 2 * padded;
    const scale = mean + padded;
    const x = a.x + <usize>row * step;
    const y = a.y + <usize>row * step;
    for (let n = a.channels, c: usize = 0; n > 0; n -= 4, c += 16) {
      const d = f32x4.sub(v128.load(x + c), v128.load(mean + c));
      storeFirst(y + c, f32x4.add(f32x4.mul(d, v128.load(scale + c)), v128.load(beta + c)), n);
    }
  }
}
