import { rangeStart, rangeEnd } from './range';
import { multiplyTiles, packTile, packedTileBytes, tableBytes } from './tile';
import { slot } from './slot';

@unmanaged
class GemmArgs {
  a: usize;
  /** Packed by packPanels: [batch][n / 8][k][8]. */
  b: usize;
  y: usize;
  /** 8 zeros, or the bias of n numbers. */
  seed: usize;
  biased: i32;
  /** Per-thread scratch, `scratchStride` bytes apart: the tables and packed rows of a block of tiles. */
  scratch: usize;
  scratchStride: i32;
  batch: i32;
  m: i32;
  n: i32;
  k: i32;
  /** Tiles of 4 rows that share a pass over b. */
  blockTiles: i32;
  /** Numbers of k that are summed in registers; later slices add to y. */
  slice: i32;
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
  const table = g.scratch + <usize>g.scratchStride * slot();
  const packed = table + <usize>g.blockTiles * tableBytes(1);
  const rest = g.n - (panelStart << 3);
  let unit = byRows ? rangeStart(units, thread, threads) : 0;
  while (unit < end) {
    const batch = unit / tiles;
    const first = unit - batch * tiles;
    const count = min(min(g.blockTiles, tiles - first), end - unit);
    fillRows(g, table, batch, first, count);
    for (let tile = 0; tile < count; tile++) {
      packTile(table + <usize>tile * tableBytes(1), 1, g.k, 0, packed + <usize>tile * packedTileBytes(g.k));
    }
    const b = g.b + ((<usize>((batch * panels + panelStart) * g.k)) << 5);
    multiplyTiles(
      table,
      tableBytes(1),
      packed,
      count,
      g.k,
      g.slice,
      b,
      panelEnd - panelStart,
      g.seed,
      g.biased != 0,
      (<usize>panelStart) << 5,
      rest,
    );
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
