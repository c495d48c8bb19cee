import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';
import { exp4, log4 } from './math';

/** Numbers of the kinds: the order of `unaryKinds` in src/devices/wasm/kernels/unary.ts. */
const NEG: i32 = 0;
const EXP: i32 = 1;
const LOG: i32 = 2;
const SQRT: i32 = 3;
const SQUARE: i32 = 4;
const ABS: i32 = 5;
const RECIPROCAL: i32 = 6;
const SIGN: i32 = 7;

@unmanaged
class UnaryArgs {
  x: usize;
  y: usize;
  count: i32;
  kind: i32;
}

/** y[i] = f(x[i]) */
export function unary(args: usize, thread: i32, threads: i32): void {
  const a = changetype<UnaryArgs>(args);
  const vectors = (a.count + 3) >> 2;
  const start = rangeStart(vectors, thread, threads);
  const end = rangeEnd(vectors, thread, threads);
  switch (a.kind) {
    case NEG:
      return map(a, NEG, start, end);
    case EXP:
      return map(a, EXP, start, end);
    case LOG:
      return map(a, LOG, start, end);
    case SQRT:
      return map(a, SQRT, start, end);
    case SQUARE:
      return map(a, SQUARE, start, end);
    case ABS:
      return map(a, ABS, start, end);
    case RECIPROCAL:
      return map(a, RECIPROCAL, start, end);
    case SIGN:
      return map(a, SIGN, start, end);
  }
}

// @ts-ignore: decorator
@inline
function map(a: UnaryArgs, kind: i32, start: i32, end: i32): void {
  for (let i = start; i < end; i++) {
    const at = (<usize>i) << 4;
    storeFirst(a.y + at, value(kind, v128.load(a.x + at)), a.count - (i << 2));
  }
}

// @ts-ignore: decorator
@inline
function value(kind: i32, x: v128): v128 {
  if (kind == NEG) return f32x4.neg(x);
  if (kind == EXP) return exp4(x);
  if (kind == LOG) return log4(x);
  if (kind == SQRT) return f32x4.sqrt(x);
  if (kind == SQUARE) return f32x4.mul(x, x);
  if (kind == ABS) return f32x4.abs(x);
  if (kind == RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  const zero = f32x4.splat(0);
  const up = v128.and(f32x4.gt(x, zero), f32x4.splat(1));
  const sign = v128.or(up, v128.and(f32x4.lt(x, zero), f32x4.splat(-1)));
  return v128.bitselect(x, sign, f32x4.ne(x, x));
}
