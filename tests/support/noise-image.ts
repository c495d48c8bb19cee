import type { RgbImage } from '../../src/data/images/image.js';

/** The same bytes as `noise` of tests/fixtures/make_resize.py. */
export function noiseImage(seed: number, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let state = seed >>> 0;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const byte = state >>> 24;
    const isSharp = Math.floor(i / (width * 3)) % 2 === 1;
    data[i] = isSharp ? (byte > 127 ? 255 : 0) : byte;
  }
  return { width, height, channels: 3, data };
}
