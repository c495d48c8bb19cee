import { decodeRow } from './entropy';
import { allocateFrame, component, contextRows, enoughBytes, frame } from './frame';
import { colourOfFrame, EOI, openStream, readSegments, SOS, stream } from './markers';
import { openOutput, writeRows } from './output';
import { fail, Problem, problem } from './problem';
import { openScan, scan } from './scan';

export function frameRecord(): usize {
  return changetype<usize>(frame);
}

export function problemRecord(): usize {
  return changetype<usize>(problem);
}

/** Reads everything up to the first scan. The code is 0, or why the file at `at` cannot be decoded. */
export function readHeader(at: usize, length: u32): Problem {
  if (openStream(at, length)) {
    const marker = readSegments();
    if (marker == EOI) fail(frame.marker == 0 ? Problem.NoFrame : Problem.NoScan);
    else if (marker == SOS && frame.marker == 0) fail(Problem.NoFrame);
    frame.colour = colourOfFrame();
  }
  return problem.code;
}

/** After `readHeader`: decodes the region, which must lie in the image, to `frame.output`. */
export function decodeRegion(left: i32, top: i32, width: i32, height: i32): Problem {
  frame.left = left;
  frame.top = top;
  frame.right = left + width;
  frame.bottom = top + height;
  if (enoughBytes(<i32>(stream.end - stream.at)) && allocateFrame() && openOutput()) decodeScans();
  return problem.code;
}

/** One scan with all components gives rows as it goes, so that they are still in the cache; several at the end. */
function decodeScans(): void {
  do {
    if (!openScan()) return;
    const whole = scan.components == frame.components;
    const height = whole && !scan.single ? frame.vMax << 3 : 8;
    const context = contextRows();
    for (let row = 0; row < scan.lastRow; row++) {
      if (!decodeRow(row)) return;
      if (whole) writeRows((row + 1) * height - context);
    }
    if (whole) break;
    if (!everythingScanned() && readSegments() != SOS) {
      fail(Problem.MissingComponent, scanned(), frame.components);
      return;
    }
  } while (!everythingScanned());
  writeRows(frame.bottom);
}

function scanned(): i32 {
  let count = 0;
  for (let i = 0; i < frame.components; i++) count += component(i).scanned ? 1 : 0;
  return count;
}

function everythingScanned(): bool {
  return scanned() == frame.components;
}
