import { transposeRows4x4 } from './transpose4x4';

/**
 * The register tiles of convolutions and matrix products: 4 output rows (pixels) by 8 output columns (channels).
 *
 * A tile is described by a table of pointers: the 4 rows of the output, then for each tap the 4 rows of the input.
 *
 *   table = [y0 y1 y2 y3] [x0 x1 x2 x3]  [x0 x1 x2 x3] ...
 *            output        tap 0          tap 1
 *
 * The inputs of a tile are packed first, the 4 rows side by side: the multiplying loop then follows two streams and no
 * more, and what it would have waited for in memory has been fetched in long runs.
 *
 *   packed = [step][4], a step being a (tap, k)
 *
 * The eight accumulators are locals of their own and the loop body is one step, not unrolled: V8 unrolls it itself, and
 * then everything just fits in the 15 vector registers it has. One spilled accumulator costs 2.6x.
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

/** Bytes of the packed inputs of a tile: packing writes whole groups of 4 steps. */
// @ts-ignore: decorator
@inline
export function packedTileBytes(steps: i32): usize {
  return ((<usize>steps) << 4) + 48;
}

/** Packs the inputs of a tile: k numbers, `shift` bytes into each of the rows, tap after tap. */
export function packTile(table: usize, taps: i32, k: i32, shift: usize, packed: usize): void {
  const kBytes = (<usize>k) << 2;
  for (const last = table + ((<usize>taps) << 4); table < last; ) {
    table += 16;
    let x0 = load<usize>(table) + shift;
    let x1 = load<usize>(table, 4) + shift;
    let x2 = load<usize>(table, 8) + shift;
    let x3 = load<usize>(table, 12) + shift;
    let y = packed;
    for (const end = x0 + kBytes; x0 < end; ) {
      transposeRows4x4(x0, x1, x2, x3, y, 16);
      x0 += 16;
      x1 += 16;
      x2 += 16;
      x3 += 16;
      y += 64;
    }
    packed += (<usize>k) << 4;
  }
}

/**
 * y[r][c] = seed[c] + sum over steps of packed[step][r] * w[step][c], for `count` tiles and panels of 8 columns.
 *
 * `w` points at the first panel, `column` is the place of that panel's columns in a row of y and in the seed (bytes),
 * and `columns` says how many columns there are from there on. Steps come in slices; later ones add to y.
 */
export function multiplyTiles(
  table: usize,
  tableStride: usize,
  packed: usize,
  count: i32,
  steps: i32,
  slice: i32,
  w: usize,
  panels: i32,
  seed: usize,
  biased: bool,
  column: usize,
  columns: i32,
): void {
  const packedStride = packedTileBytes(steps);
  // Without steps, y is the seed.
  let step = 0;
  do {
    const bytes = (<usize>min(slice, steps - step)) << 4;
    const first = step == 0;
    const from = packed + ((<usize>step) << 4);
    let panelW = w + ((<usize>step) << 5);
    let panelColumn = column;
    let rest = columns;
    for (let panel = panels; panel > 0; panel--) {
      let panelSeed = seed;
      if (!first) panelSeed = 0;
      else if (biased) panelSeed += panelColumn;
      const follow: usize = first ? 0 : ~(<usize>0);
      let t = table;
      let a = from;
      for (let tile = count; tile > 0; tile--) {
        tile4x8(t, a, bytes, panelW, panelSeed, follow, panelColumn, rest);
        t += tableStride;
        a += packedStride;
      }
      panelW += (<usize>steps) << 5;
      panelColumn += 32;
      rest -= 8;
    }
    step += slice;
  } while (step < steps);
}

/**
 * `column` is added to every output pointer (bytes). The seed of row r is at `seed + (y_r & follow)`: a bias or zeros
 * with follow = 0, the output itself with seed = 0 and follow = -1.
 */
// @ts-ignore: decorator
@inline
function tile4x8(
  table: usize,
  a: usize,
  bytes: usize,
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
  for (const end = a + bytes; a < end; ) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    let x = v128.load32_splat(a);
    c00 = madd(c00, x, w0);
    c01 = madd(c01, x, w1);
    x = v128.load32_splat(a, 4);
    c10 = madd(c10, x, w0);
    c11 = madd(c11, x, w1);
    x = v128.load32_splat(a, 8);
    c20 = madd(c20, x, w0);
    c21 = madd(c21, x, w1);
    x = v128.load32_splat(a, 12);
    c30 = madd(c30, x, w0);
    c31 = madd(c31, x, w1);
    a += 16;
    w += 32;
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
