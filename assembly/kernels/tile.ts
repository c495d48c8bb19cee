/**
 * The two register tiles of convolutions and matrix products: 4 output rows (pixels) by 8 output columns (channels).
 *
 * A tile is described by a table of pointers: the 4 rows of the output, then for each tap the 4 rows of the input.
 *
 *   table = [y0 y1 y2 y3] [x0 x1 x2 x3]  [x0 x1 x2 x3] ...
 *            output        tap 0          tap 1
 *
 * The eight accumulators are locals of their own and the loop body is one step, not unrolled: V8 unrolls it by two
 * itself, and then everything just fits in the 15 vector registers it has. One spilled accumulator costs 2.6x.
 */

/** Bytes of a table with `taps` taps. */
// @ts-ignore: decorator
@inline
export function tableBytes(taps: i32): usize {
  return (<usize>(taps + 1)) << 4;
}

// @ts-ignore: decorator
@inline
function madd(c: v128, a: v128, b: v128): v128 {
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Writes the first `columns` (1 to 8) of the 8 numbers in `low`, `high`. */
// @ts-ignore: decorator
@inline
export function storeColumns(y: usize, low: v128, high: v128, columns: i32): void {
  if (columns >= 8) {
    v128.store(y, low);
    v128.store(y, high, 16);
    return;
  }
  let rest = low;
  if (columns & 4) {
    v128.store(y, low);
    rest = high;
    y += 16;
  }
  if (columns & 2) {
    v128.store64_lane(y, rest, 0);
    rest = v128.shuffle<i32>(rest, rest, 2, 3, 2, 3);
    y += 8;
  }
  if (columns & 1) v128.store32_lane(y, rest, 0);
}

/**
 * y[r][c] = seed[r][c] + sum over taps t and k of x[t][r][k] * w[t][k][c].
 *
 * `shift` is added to every input pointer, `column` to every output pointer (bytes). The seed of row r is at
 * `seed + (y_r & follow)`: a bias or zeros with follow = 0, the output itself with seed = 0 and follow = -1.
 */
// @ts-ignore: decorator
@inline
export function tile4x8(
  table: usize,
  taps: i32,
  kBytes: usize,
  shift: usize,
  w: usize,
  seed: usize,
  follow: usize,
  column: usize,
  columns: i32,
): void {
  const y0 = load<usize>(table) + column;
  const y1 = load<usize>(table, 4) + column;
  const y2 = load<usize>(table, 8) + column;
  const y3 = load<usize>(table, 12) + column;
  let c00 = v128.load(seed + (y0 & follow));
  let c01 = v128.load(seed + (y0 & follow), 16);
  let c10 = v128.load(seed + (y1 & follow));
  let c11 = v128.load(seed + (y1 & follow), 16);
  let c20 = v128.load(seed + (y2 & follow));
  let c21 = v128.load(seed + (y2 & follow), 16);
  let c30 = v128.load(seed + (y3 & follow));
  let c31 = v128.load(seed + (y3 & follow), 16);
  table += 16;
  for (const last = table + ((<usize>taps) << 4); table < last; table += 16) {
    let x0 = load<usize>(table) + shift;
    let x1 = load<usize>(table, 4) + shift;
    let x2 = load<usize>(table, 8) + shift;
    let x3 = load<usize>(table, 12) + shift;
    for (const end = x0 + kBytes; x0 < end; ) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      let x = v128.load32_splat(x0);
      c00 = madd(c00, x, w0);
      c01 = madd(c01, x, w1);
      x = v128.load32_splat(x1);
      c10 = madd(c10, x, w0);
      c11 = madd(c11, x, w1);
      x = v128.load32_splat(x2);
      c20 = madd(c20, x, w0);
      c21 = madd(c21, x, w1);
      x = v128.load32_splat(x3);
      c30 = madd(c30, x, w0);
      c31 = madd(c31, x, w1);
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
      w += 32;
    }
  }
  if (columns >= 8) {
    v128.store(y0, c00);
    v128.store(y0, c01, 16);
    v128.store(y1, c10);
    v128.store(y1, c11, 16);
    v128.store(y2, c20);
    v128.store(y2, c21, 16);
    v128.store(y3, c30);
    v128.store(y3, c31, 16);
  } else {
    storeColumns(y0, c00, c01, columns);
    storeColumns(y1, c10, c11, columns);
    storeColumns(y2, c20, c21, columns);
    storeColumns(y3, c30, c31, columns);
  }
}

/** Depthwise: y[r][c] = seed[c] + sum over taps t of x[t][r][c] * w[t][c], for 8 channels starting at `column` bytes. */
export function depthwiseTile4x8(table: usize, taps: i32, w: usize, seed: usize, column: usize, columns: i32): void {
  let c00 = v128.load(seed);
  let c01 = v128.load(seed, 16);
  let c10 = c00;
  let c11 = c01;
  let c20 = c00;
  let c21 = c01;
  let c30 = c00;
  let c31 = c01;
  let row = table + 16;
  for (const last = row + ((<usize>taps) << 4); row < last; row += 16) {
    const x0 = load<usize>(row) + column;
    const x1 = load<usize>(row, 4) + column;
    const x2 = load<usize>(row, 8) + column;
    const x3 = load<usize>(row, 12) + column;
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    c00 = madd(c00, v128.load(x0), w0);
    c01 = madd(c01, v128.load(x0, 16), w1);
    c10 = madd(c10, v128.load(x1), w0);
    c11 = madd(c11, v128.load(x1, 16), w1);
    c20 = madd(c20, v128.load(x2), w0);
    c21 = madd(c21, v128.load(x2, 16), w1);
    c30 = madd(c30, v128.load(x3), w0);
    c31 = madd(c31, v128.load(x3, 16), w1);
    w += 32;
  }
  storeColumns(load<usize>(table) + column, c00, c01, columns);
  storeColumns(load<usize>(table, 4) + column, c10, c11, columns);
  storeColumns(load<usize>(table, 8) + column, c20, c21, columns);
  storeColumns(load<usize>(table, 12) + column, c30, c31, columns);
}
