import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { erf4, exp4, sigmoid4, tanh4 } from './math';

/** Numbers of the kinds: the order of `activationKinds` in src/devices/wasm/kernels/activation.ts. */
const RELU: i32 = 0;
const RELU6: i32 = 1;
const LEAKY_RELU: i32 = 2;
const SIGMOID: i32 = 3;
const SILU: i32 = 4;
const HARD_SWISH: i32 = 5;
const HARD_SIGMOID: i32 = 6;
const GELU: i32 = 7;
const TANH: i32 = 8;

@unmanaged
class ActivationArgs {
  x: usize;
  y: usize;
  count: i32;
  kind: i32;
  slope: f32;
}

/** y[i] = f(x[i]) */
export function activation(args: usize, thread: i32, threads: i32): void {
  const a = changetype<ActivationArgs>(args);
  const vectors = (a.count + 3) >> 2;
  const start = rangeStart(vectors, thread, threads);
  const end = rangeEnd(vectors, thread, threads);
  switch (a.kind) {
    case RELU:
      return map(a, RELU, start, end);
    case RELU6:
      return map(a, RELU6, start, end);
    case LEAKY_RELU:
      return map(a, LEAKY_RELU, start, end);
    case SIGMOID:
      return map(a, SIGMOID, start, end);
    case SILU:
      return map(a, SILU, start, end);
    case HARD_SWISH:
      return map(a, HARD_SWISH, start, end);
    case HARD_SIGMOID:
      return map(a, HARD_SIGMOID, start, end);
    case GELU:
      return map(a, GELU, start, end);
    case TANH:
      return map(a, TANH, start, end);
  }
}

// @ts-ignore: decorator
@inline
function map(a: ActivationArgs, kind: i32, start: i32, end: i32): void {
  const slope = f32x4.splat(a.slope);
  const whole = min(end, a.count >> 2);
  let x = a.x + ((<usize>start) << 4);
  let y = a.y + ((<usize>start) << 4);
  let i = start;
  for (; i + 4 <= whole; i += 4) {
    const y0 = value(kind, v128.load(x), slope);
    const y1 = value(kind, v128.load(x, 16), slope);
    const y2 = value(kind, v128.load(x, 32), slope);
    const y3 = value(kind, v128.load(x, 48), slope);
    v128.store(y, y0);
    v128.store(y, y1, 16);
    v128.store(y, y2, 32);
    v128.store(y, y3, 48);
    x += 64;
    y += 64;
  }
  for (; i < end; i++) {
    storeFirst(y, value(kind, v128.load(x), slope), a.count - (i << 2));
    x += 16;
    y += 16;
  }
}

// @ts-ignore: decorator
@inline
function value(kind: i32, x: v128, slope: v128): v128 {
  const zero = f32x4.splat(0);
  if (kind == RELU) return f32x4.pmax(x, zero);
  if (kind == RELU6) return f32x4.pmin(f32x4.pmax(x, zero), f32x4.splat(6));
  if (kind == LEAKY_RELU) return v128.bitselect(x, f32x4.mul(x, slope), f32x4.gt(x, zero));
  if (kind == SIGMOID) return sigmoid4(x);
  if (kind == SILU) return f32x4.mul(x, sigmoid4(x));
  if (kind == HARD_SWISH) return f32x4.mul(x, hardSigmoid(x));
  if (kind == HARD_SIGMOID) return hardSigmoid(x);
  if (kind == GELU) return f32x4.mul(x, normalCdf(x));
  return tanh4(x);
}

/** min(max(x + 3, 0), 6) / 6 */
// @ts-ignore: decorator
@inline
function hardSigmoid(x: v128): v128 {
  const clamped = f32x4.pmin(f32x4.pmax(f32x4.add(x, f32x4.splat(3)), f32x4.splat(0)), f32x4.splat(6));
  return f32x4.mul(clamped, f32x4.splat(1.0 / 6.0));
}

/** (1 + erf(x / sqrt 2)) / 2 */
// @ts-ignore: decorator
@inline
function normalCdf(x: v128): v128 {
  const e = erf4(f32x4.mul(x, f32x4.splat(0.70710678)));
  return f32x4.mul(f32x4.add(e, f32x4.splat(1)), f32x4.splat(0.5));
}

@unmanaged
class ActivationBackwardArgs {
  x: usize;
  dy: usize;
  dx: usize;
  count: i32;
  kind: i32;
  slope: f32;
}

/** dx[i] = dy[i] f'(x[i]) */
export function activationBackward(args: usize, thread: i32, threads: i32): void {
  const a = changetype<ActivationBackwardArgs>(args);
  const vectors = (a.count + 3) >> 2;
  const start = rangeStart(vectors, thread, threads);
  const end = rangeEnd(vectors, thread, threads);
  switch (a.kind) {
    case RELU:
      return mapBackward(a, RELU, start, end);
    case RELU6:
      return mapBackward(a, RELU6, start, end);
    case LEAKY_RELU:
      return mapBackward(a, LEAKY_RELU, start, end);
    case SIGMOID:
      return mapBackward(a, SIGMOID, start, end);
    case SILU:
      return mapBackward(a, SILU, start, end);
    case HARD_SWISH:
      return mapBackward(a, HARD_SWISH, start, end);
    case HARD_SIGMOID:
      return mapBackward(a, HARD_SIGMOID, start, end);
    case GELU:
      return mapBackward(a, GELU, start, end);
    case TANH:
      return mapBackward(a, TANH, start, end);
  }
}

// @ts-ignore: decorator
@inline
function mapBackward(a: ActivationBackwardArgs, kind: i32, start: i32, end: i32): void {
  const slope = f32x4.splat(a.slope);
  const whole = min(end, a.count >> 2);
  let x = a.x + ((<usize>start) << 4);
  let dy = a.dy + ((<usize>start) << 4);
  let dx = a.dx + ((<usize>start) << 4);
  let i = start;
  for (; i + 4 <= whole; i += 4) {
    const d0 = gradient(kind, v128.load(x), v128.load(dy), slope);
    const d1 = gradient(kind, v128.load(x, 16), v128.load(dy, 16), slope);
    const d2 = gradient(kind, v128.load(x, 32), v128.load(dy, 32), slope);
    const d3 = gradient(kind, v128.load(x, 48), v128.load(dy, 48), slope);
    v128.store(dx, d0);
    v128.store(dx, d1, 16);
    v128.store(dx, d2, 32);
    v128.store(dx, d3, 48);
    x += 64;
    dy += 64;
    dx += 64;
  }
  for (; i < end; i++) {
    storeFirst(dx, gradient(kind, v128.load(x), v128.load(dy), slope), a.count - (i << 2));
    x += 16;
    dy += 16;
    dx += 16;
  }
}

// @ts-ignore: decorator
@inline
function gradient(kind: i32, x: v128, dy: v128, slope: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (kind == RELU) return v128.and(dy, f32x4.gt(x, zero));
  if (kind == RELU6) return v128.and(dy, between(x, 0, 6));
  if (kind == LEAKY_RELU) return v128.bitselect(dy, f32x4.mul(dy, slope), f32x4.gt(x, zero));
  // e / (1 + e)^2 with e = e^-|x|: s (1 - s) and 1 - t^2 would cancel far from 0.
  if (kind == SIGMOID) return f32x4.mul(dy, logisticDensity(x));
  if (kind == SILU) {
    // s + x s (1 - s)
    const s = sigmoid4(x);
    return f32x4.mul(dy, f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s)))));
  }
  if (kind == HARD_SWISH) {
    // x / 3 + 1 / 2 inside -3..3, 1 above
    const inside = f32x4.add(f32x4.mul(x, f32x4.splat(1.0 / 3.0)), f32x4.splat(0.5));
    const slope = v128.bitselect(inside, v128.and(one, f32x4.ge(x, f32x4.splat(3))), between(x, -3, 3));
    return f32x4.mul(dy, slope);
  }
  if (kind == HARD_SIGMOID) return v128.and(f32x4.mul(dy, f32x4.splat(1.0 / 6.0)), between(x, -3, 3));
  if (kind == GELU) {
    // cdf + x pdf
    const density = f32x4.mul(exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5))), f32x4.splat(0.39894228));
    return f32x4.mul(dy, f32x4.add(normalCdf(x), f32x4.mul(x, density)));
  }
  return f32x4.mul(f32x4.mul(dy, f32x4.splat(4)), logisticDensity(f32x4.add(x, x)));
}

// @ts-ignore: decorator
@inline
function logisticDensity(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const sum = f32x4.add(e, f32x4.splat(1));
  return f32x4.div(e, f32x4.mul(sum, sum));
}

/** low < x < high */
// @ts-ignore: decorator
@inline
function between(x: v128, low: f32, high: f32): v128 {
  return v128.and(f32x4.gt(x, f32x4.splat(low)), f32x4.lt(x, f32x4.splat(high)));
}
