import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { paddedBytes } from './shifted-sums';

@unmanaged
class GroupNormBackwardSumsArgs {
  x: usize;
  dy: usize;
  channelwise: usize;
  /** [samples][chunks][2][channels rounded up to 4]: sums of dy (x - mean) and of dy. */
  partials: usize;
  samples: i32;
  pixels: i32;
  channels: i32;
  chunkPixels: i32;
}

export function groupNormBackwardSums(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormBackwardSumsArgs>(args);
  const step = (<usize>a.channels) << 2;
  const padded = paddedBytes(a.channels);
  const chunks = (a.pixels + a.chunkPixels - 1) / a.chunkPixels;
  const end = rangeEnd(a.samples * chunks, thread, threads);
  for (let item = rangeStart(a.samples * chunks, thread, threads); item < end; item++) {
    const sample = item / chunks;
    const first = (item % chunks) * a.chunkPixels;
    const count = min(a.chunkPixels, a.pixels - first);
    const mean = a.channelwise + <usize>sample * 2 * padded;
    const products = a.partials + <usize>item * 2 * padded;
    const sums = products + padded;
    let x = a.x + <usize>(sample * a.pixels + first) * step;
    let dy = a.dy + <usize>(sample * a.pixels + first) * step;
    memory.fill(products, 0, 2 * padded);
    for (let i = 0; i < count; i++, x += step, dy += step) {
      for (let c: usize = 0; c < padded; c += 16) {
        const d = v128.load(dy + c);
        const centred = f32x4.sub(v128.load(x + c), v128.load(mean + c));
        v128.store(products + c, f32x4.add(v128.load(products + c), f32x4.mul(d, centred)));
        v128.store(sums + c, f32x4.add(v128.load(sums + c), d));
      }
    }
  }
}

@unmanaged
class GroupNormBackwardFinishArgs {
  partials: usize;
  gamma: usize;
  rstd: usize;
  /** [samples][2][channels rounded up to 4]: shares of dgamma and dbeta. */
  shares: usize;
  /** [samples][2][channels rounded up to 4]: k1 and k0 of groupNormBackwardApply. */
  coefficients: usize;
  samples: i32;
  pixels: i32;
  channels: i32;
  chunkPixels: i32;
  groups: i32;
}

/** Merges the chunks of each sample in order. */
export function groupNormBackwardFinish(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormBackwardFinishArgs>(args);
  const width = a.channels / a.groups;
  const padded = paddedBytes(a.channels);
  const chunks = (a.pixels + a.chunkPixels - 1) / a.chunkPixels;
  const end = rangeEnd(a.samples * a.groups, thread, threads);
  for (let item = rangeStart(a.samples * a.groups, thread, threads); item < end; item++) {
    const sample = item / a.groups;
    const first = (<usize>((item % a.groups) * width)) << 2;
    const own = <usize>sample * 2 * padded + first;
    const rstd = <f64>load<f32>(a.rstd + ((<usize>item) << 2));
    let productOfGroup: f64 = 0;
    let sumOfGroup: f64 = 0;
    for (let c = 0; c < width; c++) {
      const at = (<usize>c) << 2;
      let product: f64 = 0;
      let sum: f64 = 0;
      let p = a.partials + <usize>(sample * chunks) * 2 * padded + first + at;
      for (let chunk = 0; chunk < chunks; chunk++, p += 2 * padded) {
        product += <f64>load<f32>(p);
        sum += <f64>load<f32>(p + padded);
      }
      store<f32>(a.shares + own + at, <f32>(product * rstd));
      store<f32>(a.shares + own + padded + at, <f32>sum);
      const gamma = <f64>load<f32>(a.gamma + first + at);
      productOfGroup += gamma * product;
      sumOfGroup += gamma * sum;
    }
    const scale = rstd / (<f64>a.pixels * <f64>width);
    const k1 = <f32>(-scale * rstd * rstd * productOfGroup);
    const k0 = <f32>(-scale * sumOfGroup);
    for (let c = 0; c < width; c++) {
      const to = a.coefficients + own + ((<usize>c) << 2);
      store<f32>(to, k1);
      store<f32>(to + padded, k0);
    }
  }
}

@unmanaged
class GroupNormBackwardApplyArgs {
  x: usize;
  dy: usize;
  channelwise: usize;
  coefficients: usize;
  dx: usize;
  samples: i32;
  pixels: i32;
  channels: i32;
}

/** dx = rstd (g - mean(g) - xhat mean(g xhat)) = gamma rstd dy + k0 + (x - mean) k1, g = dy gamma */
export function groupNormBackwardApply(args: usize, thread: i32, threads: i32): void {
  const a = changetype<GroupNormBackwardApplyArgs>(args);
  const step = (<usize>a.channels) << 2;
  const padded = paddedBytes(a.channels);
  const rows = a.samples * a.pixels;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    const own = <usize>(row / a.pixels) * 2 * padded;
    const mean = a.channelwise + own;
    const scale = mean + padded;
    const k1 = a.coefficients + own;
    const k0 = k1 + padded;
    const x = a.x + <usize>row * step;
    const dy = a.dy + <usize>row * step;
    const dx = a.dx + <usize>row * step;
    for (let n = a.channels, c: usize = 0; n > 0; n -= 4, c += 16) {
      const d = f32x4.sub(v128.load(x + c), v128.load(mean + c));
      const pull = f32x4.add(f32x4.mul(d, v128.load(k1 + c)), v128.load(k0 + c));
      storeFirst(dx + c, f32x4.add(f32x4.mul(v128.load(scale + c), v128.load(dy + c)), pull), n);
    }
  }
}
