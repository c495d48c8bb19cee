import { rangeEnd, rangeStart } from './range';
import { firstLanes, maxLanes, storeFirst, sumLanes } from './lanes';
import { exp4, log, log4 } from './math';

@unmanaged
class SoftmaxArgs {
  x: usize;
  y: usize;
  /** x is [outer][count][inner], and count the axis. */
  outer: i32;
  count: i32;
  inner: i32;
  logarithm: i32;
}

/** y = e^(x - max) / sum e^(x - max), or its logarithm x - max - ln sum e^(x - max) */
export function softmax(args: usize, thread: i32, threads: i32): void {
  const a = changetype<SoftmaxArgs>(args);
  const columns = a.inner == 1 ? 1 : (a.inner + 3) >> 2;
  const end = rangeEnd(a.outer * columns, thread, threads);
  for (let item = rangeStart(a.outer * columns, thread, threads); item < end; item++) {
    const column = (item % columns) << 2;
    const at = (<usize>(item / columns) * a.count * a.inner + column) << 2;
    if (a.inner == 1) alongRow(a.x + at, a.y + at, a.count, a.logarithm);
    else alongColumns(a, a.x + at, a.y + at, a.inner - column);
  }
}

function alongRow(x: usize, y: usize, count: i32, logarithm: i32): void {
  const nothing = f32x4.splat(-Infinity);
  let best = nothing;
  let p = x;
  for (let n = count; n > 0; n -= 4, p += 16) {
    best = f32x4.max(best, v128.bitselect(v128.load(p), nothing, firstLanes(n)));
  }
  const most = f32x4.splat(maxLanes(best));
  let total = f32x4.splat(0);
  p = x;
  let q = y;
  for (let n = count; n > 0; n -= 4, p += 16, q += 16) {
    const shifted = f32x4.sub(v128.load(p), most);
    const e = exp4(shifted);
    total = f32x4.add(total, v128.and(e, firstLanes(n)));
    storeFirst(q, logarithm ? shifted : e, n);
  }
  const sum = sumLanes(total);
  const last = f32x4.splat(logarithm ? log(sum) : sum);
  for (let n = count; n > 0; n -= 4, y += 16) finish(y, last, n, logarithm);
}

// @ts-ignore: decorator
@inline
function finish(y: usize, last: v128, n: i32, logarithm: i32): void {
  const v = v128.load(y);
  storeFirst(y, logarithm ? f32x4.sub(v, last) : f32x4.div(v, last), n);
}

/** Four neighbouring columns, or the `width` that are left. */
function alongColumns(a: SoftmaxArgs, x: usize, y: usize, width: i32): void {
  const step = (<usize>a.inner) << 2;
  let most = f32x4.splat(-Infinity);
  let p = x;
  for (let i = 0; i < a.count; i++, p += step) most = f32x4.max(most, v128.load(p));
  let total = f32x4.splat(0);
  p = x;
  let q = y;
  for (let i = 0; i < a.count; i++, p += step, q += step) {
    const shifted = f32x4.sub(v128.load(p), most);
    const e = exp4(shifted);
    total = f32x4.add(total, e);
    storeFirst(q, a.logarithm ? shifted : e, width);
  }
  const last = a.logarithm ? log4(total) : total;
  for (let i = 0; i < a.count; i++, y += step) finish(y, last, width, a.logarithm);
}

@unmanaged
class SoftmaxBackwardArgs {
  y: usize;
  dy: usize;
  dx: usize;
  outer: i32;
  count: i32;
  inner: i32;
  logarithm: i32;
}

/** dx = y (dy - sum y dy), or for the logarithm dx = dy - e^y sum dy */
export function softmaxBackward(args: usize, thread: i32, threads: i32): void {
  const a = changetype<SoftmaxBackwardArgs>(args);
  const row = a.inner == 1;
  const columns = row ? 1 : (a.inner + 3) >> 2;
  const step: usize = row ? 16 : (<usize>a.inner) << 2;
  const vectors = row ? (a.count + 3) >> 2 : a.count;
  const end = rangeEnd(a.outer * columns, thread, threads);
  for (let item = rangeStart(a.outer * columns, thread, threads); item < end; item++) {
    const column = (item % columns) << 2;
    const start = (<usize>(item / columns) * a.count * a.inner + column) << 2;
    let total = f32x4.splat(0);
    let at = start;
    for (let i = 0; i < vectors; i++, at += step) {
      const dy = v128.load(a.dy + at);
      const share = a.logarithm ? dy : f32x4.mul(dy, v128.load(a.y + at));
      total = f32x4.add(total, row ? v128.and(share, firstLanes(a.count - (i << 2))) : share);
    }
    if (row) total = f32x4.splat(sumLanes(total));
    at = start;
    for (let i = 0; i < vectors; i++, at += step) {
      const y = v128.load(a.y + at);
      const dy = v128.load(a.dy + at);
      const dx = a.logarithm ? f32x4.sub(dy, f32x4.mul(exp4(y), total)) : f32x4.mul(y, f32x4.sub(dy, total));
      storeFirst(a.dx + at, dx, row ? a.count - (i << 2) : a.inner - column);
    }
  }
}
