import type { JpegRecipe } from './jpeg-encoder.js';
import { adobe, jfif } from './jpeg-encoder.js';

/** What djpeg and the decoder must agree on, by name. */
export const samplings = {
  gray: [[1, 1]],
  'gray 2x2': [[2, 2]],
  '4:4:4': [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
  '4:2:2': [
    [2, 1],
    [1, 1],
    [1, 1],
  ],
  '4:2:0': [
    [2, 2],
    [1, 1],
    [1, 1],
  ],
  '4:4:0': [
    [1, 2],
    [1, 1],
    [1, 1],
  ],
  '4:1:1': [
    [4, 1],
    [1, 1],
    [1, 1],
  ],
  'chroma 1x2 of 2x2': [
    [2, 2],
    [1, 2],
    [1, 2],
  ],
  'one chroma full': [
    [2, 2],
    [2, 2],
    [1, 1],
  ],
  '2x1 chroma of 4x1': [
    [4, 1],
    [2, 1],
    [2, 1],
  ],
  'four rows a chroma row': [
    [1, 4],
    [1, 1],
    [1, 1],
  ],
  'each chroma its own way': [
    [2, 2],
    [2, 1],
    [1, 2],
  ],
  'chroma finer than luma': [
    [1, 1],
    [2, 2],
    [2, 2],
  ],
} as const satisfies Record<string, JpegRecipe['sampling']>;

/** A deterministic scene: slopes, a sharp edge and noise, all of which reach 0 and 255. */
export function scene(seed: number): JpegRecipe['sample'] {
  return (c, x, y) => {
    const noise = Math.imul((x + 1) * 73856093 + (y + 1) * 19349663 + (c + seed) * 83492791, 0x2c1b3c6d) >>> 24;
    const slope = 128 + 9 * (x - 10) * (c === 1 ? -1 : 1) + 5 * (y - 12) * (c === 2 ? -1 : 1);
    const edge = (x + 2 * y + seed) % 23 < 6 ? 90 : 0;
    return Math.max(0, Math.min(255, Math.round(slope + edge + (noise - 128) * ((seed % 5) / 5))));
  };
}

/** Every size from 1 to 40 with every sampling; quality, restarts, scans, tables and colour kinds take turns. */
export function* jpegCases(): Generator<{ name: string; recipe: JpegRecipe }> {
  let turn = 0;
  for (let size = 1; size <= 40; size++) {
    for (const [name, sampling] of Object.entries(samplings)) {
      turn++;
      const [width, height] = [size, ((size * 7 + turn) % 40) + 1];
      const separate = turn % 5 === 3 && sampling.length === 3;
      yield {
        name: `${width}x${height} ${name}, case ${turn}`,
        recipe: {
          width,
          height,
          sampling,
          sample: scene(turn),
          step: [0.2, 1, 2.5, 7, 20][turn % 5],
          restartInterval: turn % 3 === 0 ? 1 + (turn % 4) : 0,
          scans: separate ? (turn % 2 === 0 ? [[0], [1], [2]] : [[0], [1, 2]]) : undefined,
          wideTables: turn % 7 === 0,
          segments: turn % 11 === 0 ? [adobe(turn % 2)] : turn % 17 === 0 ? [] : [jfif],
          componentIds: turn % 34 === 0 ? [0x52, 0x47, 0x42].slice(0, sampling.length) : undefined,
        },
      };
    }
  }
}
