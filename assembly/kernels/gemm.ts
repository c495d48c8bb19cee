import { rangeStart, rangeEnd } from './range';
import { tile4x8, tableBytes } from './tile';

@unmanaged
class GemmArgs {
  a: usize;
  /** Packed by packPanels: [batch][n / 8][k][8]. */
  b: usize;
  y: usize;
  /** 8 zeros, or the bias of n numbers. */
  seed: usize;
  biased: i32;
  /** Per-thread scratch, `scratchStride` bytes apart: the tables of a block of tiles. */
  scratch: usize;
  scratchStride: i32;
  batch: i32;
  m: i32;
  n: i32;
  k: i32;
  /** Tiles of 4 rows that share a pass over b. */
  blockTiles: i32;
  /** Length of a slice of k; later slices add to y. */
  kSlice: i32;
}

/** y[batch][m][n] = a[batch][m][k] b[batch][k][n] + bias[n] */
export function gemm(args: usize, thread: i32, threads: i32): void {
  const g = changetype<GemmArgs>(args);
  const tiles = (g.m + 3) >> 2;
  const panels = (g.n + 7) >> 3;
  // Few rows: share out the columns instead. Either way each number is summed in the same order.
  const byRows = g.batch * tiles >= threads;
  const units = g.batch * tiles;
  const end = byRows ? rangeEnd(units, thread, threads) : units;
  const panelStart = byRows ? 0 : rangeStart(panels, thread, threads);
  const panelEnd = byRows ? panels : rangeEnd(panels, thread, threads);
  const table = g.scratch + <usize>g.scratchStride * thread;
  let unit = byRows ? rangeStart(units, thread, threads) : 0;
  while (unit < end) {
    const batch = unit / tiles;
    const first = unit - batch * tiles;
    const count = min(min(g.blockTiles, tiles - first), end - unit);
    fillRows(g, table, batch, first, count);
    const b = g.b + ((<usize>batch * panels * g.k) << 5);
    for (let k = 0; k < g.k; k += g.kSlice) {
      slice(g, table, count, b, panelStart, panelEnd, k);
    }
    unit += count;
  }
}

function fillRows(g: GemmArgs, table: usize, batch: i32, first: i32, count: i32): void {
  const last = g.m - 1;
  for (let i = 0; i < count << 2; i++) {
    const row = min((first << 2) + i, last);
    const entry = table + <usize>(i >> 2) * tableBytes(1) + ((<usize>(i & 3)) << 2);
    store<usize>(entry, g.y + (((<usize>batch * g.m + row) * g.n) << 2));
    store<usize>(entry, g.a + (((<usize>batch * g.m + row) * g.k) << 2), 16);
  }
}

function slice(g: GemmArgs, table: usize, count: i32, b: usize, panelStart: i32, panelEnd: i32, k: i32): void {
  const kBytes = (<usize>min(g.kSlice, g.k - k)) << 2;
  const shift = (<usize>k) << 2;
  const follow: usize = k > 0 ? ~(<usize>0) : 0;
  for (let panel = panelStart; panel < panelEnd; panel++) {
    const column = (<usize>panel) << 5;
    const w = b + ((<usize>panel * g.k + k) << 5);
    const seed: usize = k > 0 ? 0 : g.biased ? g.seed + column : g.seed;
    const columns = g.n - (panel << 3);
    for (let tile = 0; tile < count; tile++) {
      tile4x8(table + <usize>tile * tableBytes(1), 1, kBytes, shift, w, seed, follow, column, columns);
    }
  }
}
