import { allocate } from '../arena';
import { grayRow, rgbRow, ycbcrRow } from './colour';
import { Colour, component, frame } from './frame';
import { fail, Problem } from './problem';
import { upsampleRow } from './upsample';

/** Three rows for components that are upsampled. */
let buffers: usize = 0;
let bufferBytes: usize = 0;
/** First row that is not written yet. */
let nextRow: i32 = 0;

export function openOutput(): bool {
  bufferBytes = <usize>(frame.right - frame.left) + 128;
  buffers = allocate(<u64>bufferBytes * 3);
  nextRow = frame.top;
  return buffers != 0 || fail(Problem.OutOfMemory, frame.width, frame.height);
}

/** Writes the region's rows above `end`, whose samples and those next to them are in the planes. */
export function writeRows(end: i32): void {
  const count = frame.right - frame.left;
  const last = min(end, frame.bottom);
  for (; nextRow < last; nextRow++) {
    const to = frame.output + <usize>(nextRow - frame.top) * count * 3;
    const first = rowOf(0);
    if (frame.colour == Colour.Gray) grayRow(first, count, to);
    else if (frame.colour == Colour.Rgb) rgbRow(first, rowOf(1), rowOf(2), count, to);
    else ycbcrRow(first, rowOf(1), rowOf(2), count, to);
  }
}

function rowOf(index: i32): usize {
  const buffer = buffers + bufferBytes * index;
  return upsampleRow(component(index), nextRow, frame.left, frame.right, buffer);
}
