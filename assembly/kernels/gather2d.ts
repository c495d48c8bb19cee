import { rangeEnd, rangeStart } from './range';
import { storeFirst } from './lanes';

@unmanaged
class Gather2dArgs {
  x: usize;
  y: usize;
  /** i32 [outH + 1]: where the taps of each row of y start. */
  rowStarts: usize;
  /** (i32 row of x, f32 weight) a tap. */
  rowTaps: usize;
  columnStarts: usize;
  columnTaps: usize;
  batch: i32;
  channels: i32;
  inH: i32;
  inW: i32;
  outH: i32;
  outW: i32;
}

/**
 * y[h][w] = sum over taps i of row h, j of column w of weight_i weight_j x[row_i][column_j]: average pools, resizing
 * and the gradients of both, which differ in their tables only.
 */
export function gather2d(args: usize, thread: i32, threads: i32): void {
  const a = changetype<Gather2dArgs>(args);
  const rows = a.batch * a.outH;
  const pixel = (<usize>a.channels) << 2;
  const end = rangeEnd(rows, thread, threads);
  for (let row = rangeStart(rows, thread, threads); row < end; row++) {
    const plane = a.x + <usize>(row / a.outH) * a.inH * a.inW * pixel;
    const rowStart = a.rowStarts + ((<usize>(row % a.outH)) << 2);
    const firstRow = a.rowTaps + ((<usize>load<i32>(rowStart)) << 3);
    const endRow = a.rowTaps + ((<usize>load<i32>(rowStart, 4)) << 3);
    let y = a.y + <usize>row * a.outW * pixel;
    for (let w = 0; w < a.outW; w++) {
      const columnStart = a.columnStarts + ((<usize>w) << 2);
      const firstColumn = a.columnTaps + ((<usize>load<i32>(columnStart)) << 3);
      const endColumn = a.columnTaps + ((<usize>load<i32>(columnStart, 4)) << 3);
      for (let c = 0; c < a.channels; c += 4) {
        const base = plane + ((<usize>c) << 2);
        let sum = f32x4.splat(0);
        for (let i = firstRow; i < endRow; i += 8) {
          const line = base + <usize>load<i32>(i) * a.inW * pixel;
          const rowWeight = load<f32>(i, 4);
          for (let j = firstColumn; j < endColumn; j += 8) {
            const weight = f32x4.splat(rowWeight * load<f32>(j, 4));
            sum = f32x4.add(sum, f32x4.mul(v128.load(line + <usize>load<i32>(j) * pixel), weight));
          }
        }
        storeFirst(y + ((<usize>c) << 2), sum, a.channels - c);
      }
      y += pixel;
    }
  }
}
