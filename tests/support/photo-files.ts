import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeJpeg, type JpegRecipe } from './jpeg-encoder.js';
import { noiseImage } from './noise-image.js';

const samplings: readonly JpegRecipe['sampling'][] = [
  // 4:2:0, 4:2:2 and 4:4:4, as cameras write them.
  [
    [2, 2],
    [1, 1],
    [1, 1],
  ],
  [
    [2, 1],
    [1, 1],
    [1, 1],
  ],
  [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
];

/** A JPEG of noise, whose size and sampling depend on its seed. Its class is told by its colour. */
export function noiseJpeg(seed: number, label = 0): Uint8Array {
  const [width, height] = [40 + (seed % 7), 36 + (seed % 5)];
  const { data } = noiseImage(seed, width, height);
  const tint = [128, (60 + 70 * label) % 256, (200 + 186 * label) % 256];
  const sample = (c: number, x: number, y: number) => {
    const noise = data[3 * ((y % height) * width + (x % width)) + c];
    return c === 0 ? noise : (tint[c] * 3 + noise) >> 2;
  };
  return encodeJpeg({ width, height, sampling: samplings[seed % 3], sample, step: 2 + (seed % 4) });
}

/** Writes `folder/CLASS/N.jpg`, as many for each class. */
export function writeJpegs(folder: string, classes: readonly string[], each: number): void {
  for (const [label, name] of classes.entries()) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) writeFileSync(join(folder, name, `${i}.jpg`), noiseJpeg(label * each + i, label));
  }
}
