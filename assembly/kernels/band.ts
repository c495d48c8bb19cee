import { Window } from './window';

/** Bytes of a pixel of a band: 16 channels. */
export const BAND_PIXEL: usize = 64;

/**
 * A band is a few input rows of 16 channels, copied into scratch with zeros where the padding is, so that 3x3
 * depthwise loops meet no edges and no pixels a power of two apart, which fight for the same lines of the L1 cache:
 *
 *   band[row][column][16] = x[n][top + row][left + column][channel...]
 */
export function fillBand(
  g: Window,
  n: i32,
  top: i32,
  rows: i32,
  left: i32,
  columns: i32,
  channel: i32,
  band: usize,
): void {
  const before = min(columns, max(0, -left));
  const inside = max(0, min(columns, g.inW - left) - before);
  const after = columns - before - inside;
  for (let iy = top; iy < top + rows; iy++) {
    if (<u32>iy >= <u32>g.inH) {
      band = clear(band, columns);
      continue;
    }
    band = clear(band, before);
    const pixel = (n * g.inH + iy) * g.inW + left + before;
    let x = g.x + <usize>pixel * g.xPixel + ((<usize>channel) << 2);
    for (const end = band + <usize>inside * BAND_PIXEL; band < end; band += BAND_PIXEL) {
      v128.store(band, v128.load(x));
      v128.store(band, v128.load(x, 16), 16);
      v128.store(band, v128.load(x, 32), 32);
      v128.store(band, v128.load(x, 48), 48);
      x += g.xPixel;
    }
    band = clear(band, after);
  }
}

/** A loop: memory.fill is a call out of the module, too dear for a pixel. */
function clear(band: usize, pixels: i32): usize {
  const zero = f32x4.splat(0);
  const end = band + <usize>pixels * BAND_PIXEL;
  for (; band < end; band += BAND_PIXEL) {
    v128.store(band, zero);
    v128.store(band, zero, 16);
    v128.store(band, zero, 32);
    v128.store(band, zero, 48);
  }
  return end;
}
