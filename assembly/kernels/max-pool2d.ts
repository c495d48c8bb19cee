import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';

@unmanaged
class MaxPool2dArgs {
  x: usize;
  y: usize;
  index: usize;
  batch: i32;
  channels: i32;
  inH: i32;
  inW: i32;
  outH: i32;
  outW: i32;
  kernelH: i32;
  kernelW: i32;
  strideH: i32;
  strideW: i32;
  padTop: i32;
  padLeft: i32;
  dilationH: i32;
  dilationW: i32;
}

/** y = max over the window, index = kh KW + kw of its first maximum; padded taps never win, NaN always does. */
export function maxPool2d(args: usize, thread: i32, threads: i32): void {
  const a = changetype<MaxPool2dArgs>(args);
  const rows = a.batch * a.outH;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    const plane = a.x + ((<usize>(row / a.outH) * a.inH * a.inW * a.channels) << 2);
    const h = (row % a.outH) * a.strideH - a.padTop;
    for (let ow = 0; ow < a.outW; ow++) {
      const at = (<usize>(row * a.outW + ow) * a.channels) << 2;
      poolWindow(a, plane, h, ow * a.strideW - a.padLeft, a.y + at, a.index + at);
    }
  }
}

function poolWindow(a: MaxPool2dArgs, plane: usize, h: i32, w: i32, y: usize, index: usize): void {
  const channels = a.channels;
  const pixel = (<usize>channels) << 2;
  const firstH = firstTap(h, a.dilationH);
  const firstW = firstTap(w, a.dilationW);
  const endH = endTap(h, a.dilationH, a.kernelH, a.inH);
  const endW = endTap(w, a.dilationW, a.kernelW, a.inW);
  const rowStep = pixel * a.inW * a.dilationH;
  const columnStep = pixel * a.dilationW;
  const start = plane + (<usize>(h + firstH * a.dilationH) * a.inW + (w + firstW * a.dilationW)) * pixel;
  for (let c = 0; c < channels; c += 4) {
    let best = f32x4.splat(-Infinity);
    let winner = i32x4.splat(firstH * a.kernelW + firstW);
    let rowStart = start + ((<usize>c) << 2);
    for (let kh = firstH; kh < endH; kh++) {
      let p = rowStart;
      for (let kw = firstW; kw < endW; kw++) {
        const x = v128.load(p);
        const wins = v128.or(f32x4.gt(x, best), f32x4.ne(x, x));
        best = v128.bitselect(x, best, wins);
        winner = v128.bitselect(i32x4.splat(kh * a.kernelW + kw), winner, wins);
        p += columnStep;
      }
      rowStart += rowStep;
    }
    storeFirst(y + ((<usize>c) << 2), best, channels - c);
    storeFirst(index + ((<usize>c) << 2), winner, channels - c);
  }
}

/** First tap at or past position 0. */
// @ts-ignore: decorator
@inline
function firstTap(position: i32, dilation: i32): i32 {
  return position >= 0 ? 0 : (dilation - 1 - position) / dilation;
}

/** One past the last tap before `size`. */
// @ts-ignore: decorator
@inline
function endTap(position: i32, dilation: i32, kernel: i32, size: i32): i32 {
  return min(kernel, (size - position + dilation - 1) / dilation);
}

@unmanaged
class MaxPool2dBackwardArgs {
  dy: usize;
  index: usize;
  dx: usize;
  batch: i32;
  channels: i32;
  inH: i32;
  inW: i32;
  outH: i32;
  outW: i32;
  kernelH: i32;
  kernelW: i32;
  strideH: i32;
  strideW: i32;
  padTop: i32;
  padLeft: i32;
  dilationH: i32;
  dilationW: i32;
}

/** dx = sum of dy over the windows whose maximum was here: a gather over the taps that could reach this pixel. */
export function maxPool2dBackward(args: usize, thread: i32, threads: i32): void {
  const a = changetype<MaxPool2dBackwardArgs>(args);
  const rows = a.batch * a.inH;
  const pixel = (<usize>a.channels) << 2;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    const image = row / a.inH;
    const h = (row % a.inH) + a.padTop;
    for (let w = 0; w < a.inW; w++) {
      const dx = a.dx + (<usize>row * a.inW + w) * pixel;
      memory.fill(dx, 0, pixel);
      for (let kh = 0; kh < a.kernelH; kh++) {
        const top = h - kh * a.dilationH;
        const oh = top / a.strideH;
        if (top < 0 || oh * a.strideH != top || oh >= a.outH) continue;
        for (let kw = 0; kw < a.kernelW; kw++) {
          const left = w + a.padLeft - kw * a.dilationW;
          const ow = left / a.strideW;
          if (left < 0 || ow * a.strideW != left || ow >= a.outW) continue;
          const at = (<usize>(image * a.outH + oh) * a.outW + ow) * pixel;
          addWhere(dx, a.dy + at, a.index + at, kh * a.kernelW + kw, a.channels);
        }
      }
    }
  }
}

function addWhere(dx: usize, dy: usize, index: usize, tap: i32, channels: i32): void {
  const wanted = i32x4.splat(tap);
  for (; channels > 0; channels -= 4) {
    const share = v128.and(v128.load(dy), i32x4.eq(v128.load(index), wanted));
    storeFirst(dx, f32x4.add(v128.load(dx), share), channels);
    dx += 16;
    dy += 16;
    index += 16;
  }
}
