import { Window } from './window';

/**
 * Lays the windows of `count` output positions out as rows of taps * k numbers, for convolutions with so few channels
 * that a tap is too short a loop. `kBytes` of each pixel are wanted, from `shift` bytes on. Positions past the end
 * repeat the last one.
 */
export function gatherWindows(
  g: Window,
  first: i32,
  count: i32,
  kBytes: usize,
  shift: usize,
  row: usize,
  rowBytes: usize,
): void {
  const last = g.batch * g.outH * g.outW - 1;
  // Neighbouring taps of a filter row are neighbours in memory when whole pixels are wanted.
  const whole = g.stepW == 1 && kBytes == g.xPixel;
  for (let position = first; position < first + count; position++) {
    const p = min(position, last);
    const line = p / g.outW;
    const left = (p - line * g.outW) * g.strideW + g.offsetW;
    const n = line / g.outH;
    const top = (line - n * g.outH) * g.strideH + g.offsetH;
    const image = g.x + <usize>(n * g.inH * g.inW) * g.xPixel + shift;
    if (whole && left >= 0 && left + g.tapsW <= g.inW) gatherRows(g, image, top, left, row);
    else gatherTaps(g, image, top, left, kBytes, row);
    row += rowBytes;
  }
}

/** Up to 3 numbers too many are written; the next copy overwrites them. */
// @ts-ignore: decorator
@inline
function copyOver(y: usize, x: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, v128.load(x + i));
}

function gatherRows(g: Window, image: usize, top: i32, left: i32, y: usize): void {
  const bytes = <usize>g.tapsW * g.xPixel;
  const zero = f32x4.splat(0);
  let iy = top;
  for (let th = g.tapsH; th > 0; th--) {
    if (<u32>iy < <u32>g.inH) copyOver(y, image + <usize>(iy * g.inW + left) * g.xPixel, bytes);
    else for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, zero);
    y += bytes;
    iy += g.stepH;
  }
}

function gatherTaps(g: Window, image: usize, top: i32, left: i32, kBytes: usize, y: usize): void {
  let iy = top;
  for (let th = g.tapsH; th > 0; th--) {
    const rowInside = <u32>iy < <u32>g.inH;
    let ix = left;
    for (let tw = g.tapsW; tw > 0; tw--) {
      const inside = rowInside && <u32>ix < <u32>g.inW;
      copyOver(y, inside ? image + <usize>(iy * g.inW + ix) * g.xPixel : g.zeros, kBytes);
      y += kBytes;
      ix += g.stepW;
    }
    iy += g.stepH;
  }
}
