import { rangeEnd, rangeStart } from './range';

@unmanaged
class CopyArgs {
  x: usize;
  y: usize;
  /** Bytes in all. */
  count: i32;
}

/** y = x, byte by byte in memory order */
export function copy(args: usize, thread: i32, threads: i32): void {
  const a = changetype<CopyArgs>(args);
  const blocks = (a.count + 63) >> 6;
  const start = rangeStart(blocks, thread, threads) << 6;
  const end = min(rangeEnd(blocks, thread, threads) << 6, a.count);
  if (end > start) memory.copy(a.y + <usize>start, a.x + <usize>start, <usize>(end - start));
}

@unmanaged
class CopyStridedArgs {
  x: usize;
  y: usize;
  /** i32 triples (size, step in x, step in y), steps in bytes, slowest axis first. */
  axes: usize;
  /** Axes outside the row. */
  outer: i32;
  /** Product of their sizes. */
  rows: i32;
  elementBytes: i32;
}

/** y[i0 s0 + i1 s1 + ...] = x[i0 t0 + i1 t1 + ...]: transposes, slices, concatenations, broadcasts. */
export function copyStrided(args: usize, thread: i32, threads: i32): void {
  const a = changetype<CopyStridedArgs>(args);
  const inner = a.axes + <usize>a.outer * 12;
  const length = load<i32>(inner);
  const xStep = load<i32>(inner, 4);
  const yStep = load<i32>(inner, 8);
  const end = rangeEnd(a.rows, thread, threads);
  for (let row = rangeStart(a.rows, thread, threads); row < end; row++) {
    let x = a.x;
    let y = a.y;
    let rest = row;
    for (let p = inner - 12; p >= a.axes; p -= 12) {
      const size = load<i32>(p);
      const index = rest % size;
      rest /= size;
      x += <usize>(index * load<i32>(p, 4));
      y += <usize>(index * load<i32>(p, 8));
    }
    if (a.elementBytes == 4) copyRow<u32>(x, y, length, xStep, yStep);
    else copyRow<u8>(x, y, length, xStep, yStep);
  }
}

// @ts-ignore: decorator
@inline
function copyRow<T>(x: usize, y: usize, length: i32, xStep: i32, yStep: i32): void {
  const element = <i32>sizeof<T>();
  if (yStep == element && xStep == element) {
    copyBytes(x, y, <usize>(length * element));
    return;
  }
  for (let i = 0; i < length; i++) {
    store<T>(y, load<T>(x));
    x += <usize>xStep;
    y += <usize>yStep;
  }
}

/** memory.copy costs a call into the engine, too much for short rows. */
// @ts-ignore: decorator
@inline
function copyBytes(x: usize, y: usize, bytes: usize): void {
  if (bytes >= 512) {
    memory.copy(y, x, bytes);
    return;
  }
  const end = x + bytes;
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, v128.load(x));
  for (; x < end; x++, y++) store<u8>(y, load<u8>(x));
}

@unmanaged
class TransposeTilesArgs {
  x: usize;
  y: usize;
  batch: i32;
  rows: i32;
  columns: i32;
}

/** y[b][c][r] = x[b][r][c]: every change between channels-first and channels-last, in 4x4 tiles. */
export function transposeTiles(args: usize, thread: i32, threads: i32): void {
  const a = changetype<TransposeTilesArgs>(args);
  const rows = a.rows;
  const columns = a.columns;
  const bands = (columns + 3) >> 2;
  const end = rangeEnd(a.batch * bands, thread, threads);
  for (let item = rangeStart(a.batch * bands, thread, threads); item < end; item++) {
    const b = item / bands;
    const c = (item % bands) << 2;
    const plane = <usize>b * rows * columns;
    const xStep = (<usize>columns) << 2;
    const yStep = (<usize>rows) << 2;
    let x = a.x + ((plane + c) << 2);
    let y = a.y + ((plane + <usize>c * rows) << 2);
    const width = min(4, columns - c);
    let r = 0;
    if (width == 4) {
      for (; r + 4 <= rows; r += 4) {
        tile(x, xStep, y, yStep);
        x += xStep << 2;
        y += 16;
      }
    }
    for (; r < rows; r++) {
      for (let i = 0; i < width; i++) store<u32>(y + <usize>i * yStep, load<u32>(x + ((<usize>i) << 2)));
      x += xStep;
      y += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
function tile(x: usize, xStep: usize, y: usize, yStep: usize): void {
  const r0 = v128.load(x);
  const r1 = v128.load(x + xStep);
  const r2 = v128.load(x + 2 * xStep);
  const r3 = v128.load(x + 3 * xStep);
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<i32>(a, b, 0, 1, 4, 5));
  v128.store(y + yStep, v128.shuffle<i32>(a, b, 2, 3, 6, 7));
  v128.store(y + 2 * yStep, v128.shuffle<i32>(c, d, 0, 1, 4, 5));
  v128.store(y + 3 * yStep, v128.shuffle<i32>(c, d, 2, 3, 6, 7));
}
