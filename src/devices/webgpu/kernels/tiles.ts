/** Invocations of a workgroup of the tiled kernels: two to four hardware waves, and no less on any GPU. */
const INVOCATIONS = 64;
/** Workgroups below which a larger register tile would leave a GPU idle. */
const TALL_FROM = 128;

export interface Lanes {
  readonly LANES_N: number;
  readonly LANES_M: number;
}

/** Lanes along one side of a workgroup: the next power of two that covers `needed`, at most 8. */
function side(needed: number): number {
  let lanes = 1;
  while (lanes < needed && lanes < 8) lanes *= 2;
  return lanes;
}

/**
 * A workgroup as near to 8 x 8 invocations as the output allows: few rows get a wide one, few columns a tall one, so
 * that no lane idles. `rows` and `columns` count what an invocation computes, not single values.
 */
export function lanesFor(rows: number, columns: number): Lanes {
  if (rows < 8) return { LANES_N: INVOCATIONS / side(rows), LANES_M: side(rows) };
  return { LANES_N: side(columns), LANES_M: INVOCATIONS / side(columns) };
}

/** Workgroups for `rows` x `columns`, when an invocation computes `height` rows of one column. */
export function countTiles(rows: number, columns: number, height: number, lanes: Lanes): number {
  return Math.ceil(rows / (height * lanes.LANES_M)) * Math.ceil(columns / lanes.LANES_N);
}

/**
 * Rows an invocation should compute: 8, or 4 where `copies` (groups, phases) of such tiles would be too few or too empty.
 * Both tiles add in the same order and give the same bits, so the choice is free.
 */
export function tileHeight(rows: number, columns: number, copies: number, lanes: Lanes): 4 | 8 {
  const tall = countTiles(rows, columns, 8, lanes);
  const low = countTiles(rows, columns, 4, lanes);
  return tall * copies >= TALL_FROM && 2 * tall <= 1.25 * low ? 8 : 4;
}
