import { rangeStart, rangeEnd } from './range';
import { transpose4x4 } from './transpose4x4';

@unmanaged
class TransposeMatrixArgs {
  x: usize;
  y: usize;
  batch: i32;
  rows: i32;
  columns: i32;
}

/** y[batch][column][row] = x[batch][row][column] */
export function transposeMatrix(args: usize, thread: i32, threads: i32): void {
  const a = changetype<TransposeMatrixArgs>(args);
  const strips = (a.columns + 3) >> 2;
  const end = rangeEnd(a.batch * strips, thread, threads);
  const size = (<usize>(a.rows * a.columns)) << 2;
  const xStride = (<usize>a.columns) << 2;
  const yStride = (<usize>a.rows) << 2;
  for (let unit = rangeStart(a.batch * strips, thread, threads); unit < end; unit++) {
    const column = (unit % strips) << 2;
    const matrix = <usize>(unit / strips) * size;
    const x = a.x + matrix + ((<usize>column) << 2);
    const y = a.y + matrix + <usize>column * yStride;
    const width = min(4, a.columns - column);
    let row = 0;
    if (width == 4) {
      for (; row + 4 <= a.rows; row += 4) {
        transpose4x4(x + <usize>row * xStride, xStride, y + ((<usize>row) << 2), yStride);
      }
    }
    for (; row < a.rows; row++) {
      for (let c = 0; c < width; c++) {
        store<f32>(
          y + <usize>c * yStride + ((<usize>row) << 2),
          load<f32>(x + <usize>row * xStride + ((<usize>c) << 2)),
        );
      }
    }
  }
}
