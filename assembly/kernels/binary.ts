import { rangeEnd, rangeStart } from './range';
import { gather4, storeFirst } from './lanes';

/** Numbers of the kinds: the order of `binaryKinds` in src/devices/wasm/kernels/binary.ts. */
const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const MIN: i32 = 4;
const MAX: i32 = 5;

@unmanaged
class BinaryArgs {
  a: usize;
  b: usize;
  y: usize;
  /** i32 triples (size, step in a, step in b), steps in bytes, 0 where an operand is broadcast, slowest axis first. */
  axes: usize;
  /** Axes outside the row. */
  outer: i32;
  count: i32;
  kind: i32;
}

/** y = f(a, b) with broadcasting. y is contiguous; a row is its last axis, where a step is 0, 4 or anything. */
export function binary(args: usize, thread: i32, threads: i32): void {
  const a = changetype<BinaryArgs>(args);
  switch (a.kind) {
    case ADD:
      return rows(a, ADD, thread, threads);
    case SUB:
      return rows(a, SUB, thread, threads);
    case MUL:
      return rows(a, MUL, thread, threads);
    case DIV:
      return rows(a, DIV, thread, threads);
    case MIN:
      return rows(a, MIN, thread, threads);
    case MAX:
      return rows(a, MAX, thread, threads);
  }
}

// @ts-ignore: decorator
@inline
function rows(a: BinaryArgs, kind: i32, thread: i32, threads: i32): void {
  const inner = a.axes + <usize>a.outer * 12;
  const length = load<i32>(inner);
  const aStep = load<i32>(inner, 4);
  const bStep = load<i32>(inner, 8);
  // Shares are whole vectors of y, so a row may be cut anywhere; every element is computed alike.
  const vectors = (a.count + 3) >> 2;
  let i = rangeStart(vectors, thread, threads) << 2;
  const end = min(rangeEnd(vectors, thread, threads) << 2, a.count);
  while (i < end) {
    const column = i % length;
    let rest = i / length;
    let p = a.a + <usize>(column * aStep);
    let q = a.b + <usize>(column * bStep);
    for (let axis = inner - 12; axis >= a.axes; axis -= 12) {
      const size = load<i32>(axis);
      const index = rest % size;
      rest /= size;
      p += <usize>(index * load<i32>(axis, 4));
      q += <usize>(index * load<i32>(axis, 8));
    }
    const n = min(length - column, end - i);
    row(kind, p, q, a.y + ((<usize>i) << 2), n, aStep, bStep);
    i += n;
  }
}

// @ts-ignore: decorator
@inline
function row(kind: i32, p: usize, q: usize, y: usize, n: i32, aStep: i32, bStep: i32): void {
  if (aStep == 4 && bStep == 4) {
    for (; n >= 16; n -= 16) {
      const y0 = value(kind, v128.load(p), v128.load(q));
      const y1 = value(kind, v128.load(p, 16), v128.load(q, 16));
      const y2 = value(kind, v128.load(p, 32), v128.load(q, 32));
      const y3 = value(kind, v128.load(p, 48), v128.load(q, 48));
      v128.store(y, y0);
      v128.store(y, y1, 16);
      v128.store(y, y2, 32);
      v128.store(y, y3, 48);
      p += 64;
      q += 64;
      y += 64;
    }
    for (; n > 0; n -= 4) {
      storeFirst(y, value(kind, v128.load(p), v128.load(q)), n);
      p += 16;
      q += 16;
      y += 16;
    }
  } else if (aStep == 4 && bStep == 0) {
    const b = v128.load32_splat(q);
    for (; n > 0; n -= 4) {
      storeFirst(y, value(kind, v128.load(p), b), n);
      p += 16;
      y += 16;
    }
  } else if (aStep == 0 && bStep == 4) {
    const v = v128.load32_splat(p);
    for (; n > 0; n -= 4) {
      storeFirst(y, value(kind, v, v128.load(q)), n);
      q += 16;
      y += 16;
    }
  } else {
    for (; n > 0; n -= 4) {
      storeFirst(y, value(kind, gather4(p, <isize>aStep, n), gather4(q, <isize>bStep, n)), n);
      p += <usize>(aStep << 2);
      q += <usize>(bStep << 2);
      y += 16;
    }
  }
}

// @ts-ignore: decorator
@inline
function value(kind: i32, a: v128, b: v128): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == SUB) return f32x4.sub(a, b);
  if (kind == MUL) return f32x4.mul(a, b);
  if (kind == DIV) return f32x4.div(a, b);
  if (kind == MIN) return f32x4.pmin(a, b);
  return f32x4.pmax(a, b);
}
