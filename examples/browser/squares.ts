/** A batch as the training step takes it: pixels [N,H,W,3] and the quarter that holds the bright square. */
export interface SquaresBatch extends Record<string, Uint8Array | Int32Array> {
  readonly image: Uint8Array;
  readonly target: Int32Array;
}

/** Draws batch number `index`: gray noise with a bright square of a random colour in one of the four quarters. */
export function squares(batch: number, size: number, index: number): SquaresBatch {
  const image = new Uint8Array(batch * size * size * 3);
  const target = new Int32Array(batch);
  const random = lcg(index + 1);
  const half = size >> 1;
  const side = Math.max(2, size >> 2);
  for (let n = 0; n < batch; n++) {
    const quarter = random(4);
    target[n] = quarter;
    const top = (quarter >> 1) * half + random(half - side + 1);
    const left = (quarter & 1) * half + random(half - side + 1);
    const colour = [128 + random(128), 128 + random(128), 128 + random(128)];
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const inside = y >= top && y < top + side && x >= left && x < left + side;
        const at = ((n * size + y) * size + x) * 3;
        for (let c = 0; c < 3; c++) image[at + c] = inside ? colour[c] : random(96);
      }
    }
  }
  return { image, target };
}

/** A small linear congruential generator: enough for a toy, the same in every host. */
function lcg(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
