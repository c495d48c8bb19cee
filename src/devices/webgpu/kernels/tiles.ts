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
