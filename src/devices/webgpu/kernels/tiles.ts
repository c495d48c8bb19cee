/** Invocations of a workgroup of the tiled kernels: two to four hardware waves, and no less on any GPU. */
const INVOCATIONS = 64;

/** Lanes along one side of a workgroup: the next power of two that covers `needed`, at most 8. */
function side(needed: number): number {
  let lanes = 1;
  while (lanes < needed && lanes < 8) lanes *= 2;
  return lanes;
}

/** A workgroup as near to 8 x 8 as `columns` allow: narrow outputs get taller workgroups, so that no lane idles. */
export function lanesForColumns(columns: number): { LANES_N: number; LANES_M: number } {
  const lanes = side(columns);
  return { LANES_N: lanes, LANES_M: INVOCATIONS / lanes };
}

/** The same, where it is the `rows` that are few. */
export function lanesForRows(rows: number): { LANES_N: number; LANES_M: number } {
  const lanes = side(rows);
  return { LANES_N: INVOCATIONS / lanes, LANES_M: lanes };
}

/** Workgroups of 64 below which a larger register tile would leave a GPU idle. */
const TALL_FROM = 128;

/**
 * How an output of `rows` x `columns` (columns in fours), `copies` times over (groups, phases), is cut into workgroups
 * whose invocations compute 4 rows x 4 columns, or 8 x 4 (`tall`) where `vectors` and the size allow it. Both tiles give
 * the same bits, so the choice is free.
 */
export function tileGrid(rows: number, columns: number, copies: number, vectors: boolean) {
  const lanes = lanesForColumns(columns);
  const tiles = (height: number) => Math.ceil(columns / lanes.LANES_N) * Math.ceil(rows / (height * lanes.LANES_M));
  const tall = vectors && tiles(8) * copies >= TALL_FROM;
  return { lanes, tall, tiles: tiles(tall ? 8 : 4) };
}
