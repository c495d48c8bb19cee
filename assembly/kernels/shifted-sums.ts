/** Bytes of a row of `channels` floats, rounded up to whole vectors. */
// @ts-ignore: decorator
@inline
export function paddedBytes(channels: i32): usize {
  return (<usize>((channels + 3) >> 2)) << 4;
}

/**
 * Sums over x[count][channels] about a shift near the mean, so that nothing cancels when the mean is far from 0. Writes
 * [3][channels rounded up to 4]: shift, sum of d, sum of d^2 with d = x - shift.
 */
export function shiftedSums(x: usize, count: i32, channels: i32, shift: usize): void {
  const padded = paddedBytes(channels);
  const step = (<usize>channels) << 2;
  const sum = shift + padded;
  const squares = sum + padded;
  meanOfRows(x, step, min(count, 4), shift, padded);
  memory.fill(sum, 0, 2 * padded);
  let r = 0;
  for (; r + 8 <= count; r += 8) {
    const x4 = x + 4 * step;
    for (let c: usize = 0; c < padded; c += 16) {
      const k = v128.load(shift + c);
      const d0 = f32x4.sub(v128.load(x + c), k);
      const d1 = f32x4.sub(v128.load(x + step + c), k);
      const d2 = f32x4.sub(v128.load(x + 2 * step + c), k);
      const d3 = f32x4.sub(v128.load(x + 3 * step + c), k);
      const d4 = f32x4.sub(v128.load(x4 + c), k);
      const d5 = f32x4.sub(v128.load(x4 + step + c), k);
      const d6 = f32x4.sub(v128.load(x4 + 2 * step + c), k);
      const d7 = f32x4.sub(v128.load(x4 + 3 * step + c), k);
      addTo(sum + c, f32x4.add(add4(d0, d1, d2, d3), add4(d4, d5, d6, d7)));
      addTo(squares + c, f32x4.add(squares4(d0, d1, d2, d3), squares4(d4, d5, d6, d7)));
    }
    x += step << 3;
  }
  for (; r < count; r++) {
    for (let c: usize = 0; c < padded; c += 16) {
      const d = f32x4.sub(v128.load(x + c), v128.load(shift + c));
      addTo(sum + c, d);
      addTo(squares + c, f32x4.mul(d, d));
    }
    x += step;
  }
}

function meanOfRows(x: usize, step: usize, count: i32, mean: usize, bytes: usize): void {
  const factor = f32x4.splat(<f32>1 / <f32>count);
  for (let c: usize = 0; c < bytes; c += 16) {
    let total = v128.load(x + c);
    for (let r = 1; r < count; r++) total = f32x4.add(total, v128.load(x + <usize>r * step + c));
    v128.store(mean + c, f32x4.mul(total, factor));
  }
}

// @ts-ignore: decorator
@inline
function addTo(p: usize, v: v128): void {
  v128.store(p, f32x4.add(v128.load(p), v));
}

// @ts-ignore: decorator
@inline
function add4(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

// @ts-ignore: decorator
@inline
function squares4(a: v128, b: v128, c: v128, d: v128): v128 {
  return add4(f32x4.mul(a, a), f32x4.mul(b, b), f32x4.mul(c, c), f32x4.mul(d, d));
}
